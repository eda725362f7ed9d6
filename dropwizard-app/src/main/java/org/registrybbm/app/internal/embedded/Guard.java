package org.registrybbm.app.internal.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Stops the embedded PostgreSQL if this process ends without having done so, for instance by SIGKILL. The guard is a shell that waits for
 * the end of its input, which comes from this process, and then asks the server to shut down.
 *
 * @param process the shell
 */
record Guard(Process process) {
    private static final Path SHELL = Path.of("/bin/sh");
    private static final String SCRIPT = "trap '' INT TERM HUP; cat > /dev/null; kill -INT \"$0\"";

    /** Starts a guard, if there is a shell. */
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

    /** Ends the guard, because the server is stopped already. */
    void dismiss() {
        // The shell is ended before its cat, because it would act as soon as the cat ends.
        List<ProcessHandle> descendants = process.descendants().toList();
        process.destroyForcibly();
        descendants.forEach(ProcessHandle::destroyForcibly);
    }
}
