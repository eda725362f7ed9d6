package org.registrybbm.app.internal.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Lets PostgreSQL run although this process is root. PostgreSQL refuses to run as root, but in a user namespace of its own a process of
 * root has the user nobody.
 */
final class Superuser {
    private static final List<String> AS_NOBODY = List.of("unshare", "--user");

    private Superuser() {}

    /** Returns the words to put before a command; none for an ordinary user. */
    static List<String> prefix(Path directory) throws IOException {
        return isRoot(directory) && canBeNobody() ? AS_NOBODY : List.of();
    }

    /** Returns what to add to an error message; empty if root is not the cause. */
    static String hint(Path directory) throws IOException {
        return isRoot(directory) && !canBeNobody()
                ? "; it refuses to run as root and 'unshare --user' is not allowed here: run as another user, or set"
                        + " REGISTRY_DATABASE_URL to a PostgreSQL of your own"
                : "";
    }

    private static boolean isRoot(Path directory) throws IOException {
        if (!Files.getFileStore(directory).supportsFileAttributeView("unix")
                && !directory.getFileSystem().supportedFileAttributeViews().contains("unix")) {
            return false;
        }
        Path probe = Files.createTempFile(directory, "owner", null);
        try {
            return Integer.valueOf(0).equals(Files.getAttribute(probe, "unix:uid"));
        } finally {
            Files.delete(probe);
        }
    }

    private static boolean canBeNobody() {
        try {
            Process process = new ProcessBuilder("unshare", "--user", "true")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor(5, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
