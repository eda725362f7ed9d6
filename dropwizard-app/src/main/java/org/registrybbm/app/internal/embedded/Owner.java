package org.registrybbm.app.internal.embedded;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * Holds the duty to stop the embedded PostgreSQL. It is a lock on a file, which goes when its process ends, however the process ends.
 *
 * @param lock the lock
 */
record Owner(FileLock lock) {
    /** Takes the duty; returns empty if a living process has it. */
    static Optional<Owner> become(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return Optional.of(new Owner(lock));
            }
        } catch (OverlappingFileLockException e) {
            // Somebody else in this process has the duty.
        }
        channel.close();
        return Optional.empty();
    }

    /** Gives the duty up. */
    void release() throws IOException {
        lock.acquiredBy().close();
    }
}
