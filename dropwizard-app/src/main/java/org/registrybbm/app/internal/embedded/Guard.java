package org.registrybbm.app.internal.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Stops the embedded PostgreSQL when this process ends without having done so, as by SIGKILL: a shell that waits for the end of its
 * input, which is this process, and then asks the server to shut down.
 *
 * @param process the shell
 */
record Guard(Process process) {
    private static final Path SHELL = Path.of("/bin/sh");
    private static final String SCRIPT = "trap '' INT TERM HUP; cat > /dev/null; kill -INT \"$0\"";

    /** Starts one, where there is a shell. */
    static Optional<Guard> of(Postmaster postmaster) throws IOException {
        if (!Files.isExecutable(SHELL)) {
            return Optional.empty();
        }
        Process process = new ProcessBuilder(SHELL.toString(), "-c", SCRIPT, Long.toString(postmaster.pid()))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        return Optional.of(new Guard(process));
    }

    /** Ends it: the server is stopped already. */
    void dismiss() {
        // The shell before its cat, at whose end it would act.
        List<ProcessHandle> descendants = process.descendants().toList();
        process.destroyForcibly();
        descendants.forEach(ProcessHandle::destroyForcibly);
    }
}
