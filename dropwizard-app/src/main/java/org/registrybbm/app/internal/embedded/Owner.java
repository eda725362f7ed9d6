package org.registrybbm.app.internal.embedded;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * The duty to stop the embedded PostgreSQL: a lock that its process holds as long as it lives, however it ends.
 *
 * @param lock the lock
 */
record Owner(FileLock lock) {
    /** Takes the duty, unless a living process has it. */
    static Optional<Owner> become(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return Optional.of(new Owner(lock));
            }
        } catch (OverlappingFileLockException e) {
            // Somebody else in this very process has it.
        }
        channel.close();
        return Optional.empty();
    }

    /** Gives the duty up. */
    void release() throws IOException {
        lock.acquiredBy().close();
    }
}
