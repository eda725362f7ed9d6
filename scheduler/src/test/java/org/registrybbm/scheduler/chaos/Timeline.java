package org.registrybbm.scheduler.chaos;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What happened when: faults, deaths, changes of status, what the replicas said. All of it in a file, the newest in
 * memory. */
final class Timeline implements AutoCloseable {
    private static final int KEPT = 200;

    private final Path file;
    private final BufferedWriter out;
    private final long began = System.nanoTime();
    private final Deque<String> newest = new ArrayDeque<>();
    private @Nullable String complaint;

    Timeline(Path file) throws IOException {
        Files.createDirectories(file.getParent());
        this.file = file;
        this.out = Files.newBufferedWriter(file);
    }

    /** Adds a line; {@code who} is a replica, {@code fault}, {@code check}, ... */
    synchronized void add(String who, String what) {
        double seconds = (System.nanoTime() - began) / 1e9;
        String line = String.format(Locale.ROOT, "%8.3f %-10s %s", seconds, who, what);
        // Sub-batches are too many to be read at the end of a build's output, and the file has them.
        if (!who.equals("autopsy") && !what.contains(" committed job ")) {
            newest.add(line);
        }
        if (newest.size() > KEPT) {
            newest.remove();
        }
        try {
            out.write(line);
            out.newLine();
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Adds what must not be; the run fails by it. */
    synchronized void complain(String who, String what) {
        add(who, "WRONG: " + what);
        if (complaint == null) {
            complaint = who + ": " + what;
        }
    }

    /** Throws the first thing that must not have been. */
    synchronized void requireNoComplaint() {
        if (complaint != null) {
            throw new AssertionError(complaint);
        }
    }

    Path file() {
        return file;
    }

    synchronized List<String> newest() {
        return List.copyOf(newest);
    }

    @Override
    public synchronized void close() throws IOException {
        out.close();
    }
}
