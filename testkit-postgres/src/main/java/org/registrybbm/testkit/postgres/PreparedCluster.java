package org.registrybbm.testkit.postgres;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The data directory of a server on which the templates of test databases are made already. The first test process of a build makes it, and
 * each one starts its server on a copy, which takes a tenth of the time.
 *
 * @param directory where it is, or will be
 */
record PreparedCluster(Path directory) {
    // What belongs to the server that ran on it, and not to its data.
    private static final Set<String> OF_THE_SERVER = Set.of("epg-lock", "postmaster.pid", "postmaster.opts");

    /** Makes a data directory, in which a server ran and was stopped. */
    @FunctionalInterface
    interface Maker {
        void make(Path directory) throws IOException;
    }

    /** Copies it into a directory that does not exist yet. It is made before if it is not there. */
    void copyTo(Path target, Maker maker) throws IOException {
        Files.createDirectories(directory.getParent());
        // Test processes beside this one want the same.
        try (FileChannel channel = FileChannel.open(
                        directory.resolveSibling(directory.getFileName() + ".lock"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            if (!Files.exists(directory)) {
                Path unfinished = directory.resolveSibling(directory.getFileName() + ".unfinished");
                delete(unfinished);
                maker.make(unfinished);
                Files.move(unfinished, directory);
            }
        }
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : (Iterable<Path>) paths::iterator) {
                if (!OF_THE_SERVER.contains(path.getFileName().toString())) {
                    // PostgreSQL refuses data that others may read.
                    Files.copy(path, target.resolve(directory.relativize(path)), StandardCopyOption.COPY_ATTRIBUTES);
                }
            }
        }
    }

    /** Deletes a directory, if it is there. */
    static void delete(Path directory) {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(directory)) {
            List<Path> deepestFirst = paths.sorted(Comparator.reverseOrder()).toList();
            for (Path path : deepestFirst) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
