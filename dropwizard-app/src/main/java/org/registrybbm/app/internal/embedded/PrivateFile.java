package org.registrybbm.app.internal.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;

/** Writes files that only their owner can read. */
final class PrivateFile {
    private static final int PASSWORD_BYTES = 16;

    private PrivateFile() {}

    /** Writes a file, in place of the one that may be there. */
    static void write(Path path, String text) throws IOException {
        Files.deleteIfExists(path);
        boolean posix = path.getFileSystem().supportedFileAttributeViews().contains("posix");
        FileAttribute<?>[] attributes = posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
        Files.createFile(path, attributes);
        Files.writeString(path, text + "\n");
    }

    /** Reads a password, and creates a random one first if there is none. */
    static String password(Path path) throws IOException {
        if (!Files.exists(path)) {
            byte[] bytes = new byte[PASSWORD_BYTES];
            new SecureRandom().nextBytes(bytes);
            write(path, HexFormat.of().formatHex(bytes));
        }
        return Files.readString(path).strip();
    }
}
