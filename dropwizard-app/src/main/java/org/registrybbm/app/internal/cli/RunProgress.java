package org.registrybbm.app.internal.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.registrybbm.migrations.MigrationOverview;
import org.registrybbm.migrations.MigrationStatus;
import org.registrybbm.migrations.MigrationStore;

/** The progress of a foreground run: one line that is redrawn on a terminal, a new line now and then elsewhere. */
final class RunProgress implements AutoCloseable {
    private static final Duration ON_TERMINAL = Duration.ofSeconds(1);
    private static final Duration ELSEWHERE = Duration.ofSeconds(10);
    private static final String REDRAW = "\r\033[K";

    private final MigrationStore store;
    private final List<String> names;
    private final PrintStream err;
    private final boolean terminal = Terminal.isThere();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(RunProgress::thread);

    private RunProgress(MigrationStore store, List<String> names, PrintStream err) {
        this.store = store;
        this.names = names;
        this.err = err;
    }

    static RunProgress start(MigrationStore store, List<String> names, PrintStream err) {
        RunProgress progress = new RunProgress(store, names, err);
        long millis = (progress.terminal ? ON_TERMINAL : ELSEWHERE).toMillis();
        var unused = progress.timer.scheduleWithFixedDelay(progress::show, millis, millis, TimeUnit.MILLISECONDS);
        return progress;
    }

    private void show() {
        try {
            String line = line(store.overviews(names));
            if (terminal) {
                err.print(REDRAW + line);
            } else {
                err.println(line);
            }
            err.flush();
        } catch (RuntimeException e) {
            // The run itself says what is wrong with the database; the next turn may show progress again.
            err.println("no progress to show: " + Errors.message(e));
        }
    }

    static String line(List<MigrationOverview> overviews) {
        long finished = overviews.stream()
                .filter(one -> one.migration().status() == MigrationStatus.FINISHED)
                .count();
        StringBuilder line = new StringBuilder("%d of %d finished".formatted(finished, overviews.size()));
        overviews.stream()
                .filter(one -> one.migration().status() == MigrationStatus.RUNNING)
                .findFirst()
                .ifPresent(one -> line.append(String.format(
                        Locale.ROOT,
                        "; %s %.1f%%, %d rows changed",
                        one.migration().name(),
                        one.progressPercent().orElse(0),
                        one.migratedTupleCount())));
        return line.toString();
    }

    @Override
    public void close() {
        if (!timer.isShutdown()) {
            timer.shutdownNow();
            if (terminal) {
                err.print(REDRAW);
                err.flush();
            }
        }
    }

    private static Thread thread(Runnable task) {
        Thread thread = new Thread(task, "background-migrate-progress");
        thread.setDaemon(true);
        return thread;
    }
}
