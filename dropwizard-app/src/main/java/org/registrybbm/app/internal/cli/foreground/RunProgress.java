package org.registrybbm.app.internal.cli.foreground;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.registrybbm.app.internal.text.Errors;
import org.registrybbm.app.internal.text.Terminal;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.status.StatusReader;

/** Shows the progress of a foreground run: on a terminal one line that is redrawn each second, elsewhere a new line every 10 s. */
public final class RunProgress implements AutoCloseable {
    private static final Duration ON_TERMINAL = Duration.ofSeconds(1);
    private static final Duration ELSEWHERE = Duration.ofSeconds(10);

    private final StatusReader status;
    private final List<String> names;
    private final PrintStream err;
    private final boolean terminal = Terminal.isThere();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(RunProgress::thread);

    private RunProgress(StatusReader status, List<String> names, PrintStream err) {
        this.status = status;
        this.names = names;
        this.err = err;
    }

    static RunProgress start(StatusReader status, List<String> names, PrintStream err) {
        RunProgress progress = new RunProgress(status, names, err);
        long millis = (progress.terminal ? ON_TERMINAL : ELSEWHERE).toMillis();
        var unused = progress.timer.scheduleWithFixedDelay(progress::show, millis, millis, TimeUnit.MILLISECONDS);
        return progress;
    }

    private void show() {
        try {
            String line = line(status.overviews(names));
            if (terminal) {
                err.print(Terminal.REDRAW + line);
            } else {
                err.println(line);
            }
            err.flush();
        } catch (RuntimeException e) {
            // The run itself reports what is wrong with the database, and the next line may show progress again.
            err.println("the progress cannot be read now, the run goes on: " + Errors.message(e));
        }
    }

    public static String line(List<MigrationOverview> overviews) {
        long finished = overviews.stream()
                .filter(one -> one.migration().status() == MigrationStatus.FINISHED)
                .count();
        StringBuilder line = new StringBuilder("%d of %d finished".formatted(finished, overviews.size()));
        overviews.stream()
                .filter(one -> one.migration().status().isRunnable())
                // A migration that a worker is working on is more interesting than one that waits.
                .min(Comparator.comparing(
                                (MigrationOverview one) -> one.replicas().isEmpty())
                        .thenComparing(one -> one.migration().status() != MigrationStatus.RUNNING))
                .ifPresent(one -> line.append("; ").append(text(one)));
        return line.toString();
    }

    private static String text(MigrationOverview one) {
        String progress = one.progressPercent().isEmpty()
                ? "progress unknown"
                : String.format(Locale.ROOT, "%.1f%%", one.progressPercent().getAsDouble());
        return one.migration().name() + " " + progress + ", " + one.migratedTupleCount() + " rows changed"
                + (one.replicas().isEmpty() ? ", " + one.explanation() : "");
    }

    @Override
    public void close() {
        if (!timer.isShutdown()) {
            timer.shutdownNow();
            if (terminal) {
                err.print(Terminal.REDRAW);
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
