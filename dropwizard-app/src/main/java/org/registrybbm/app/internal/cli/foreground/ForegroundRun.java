package org.registrybbm.app.internal.cli.foreground;

import java.io.PrintStream;
import java.util.List;
import org.registrybbm.app.internal.text.CommandFailure;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.StopSignal;

/**
 * Runs {@code background-migrate run}: shows progress, and ends with a line for each migration that failed or is not finished. Ctrl-C hands
 * the current batch job back after its sub-batch.
 *
 * @param engine runs the migrations
 * @param names the names of the migrations; empty for all
 * @param err where progress goes
 */
public record ForegroundRun(BatchedMigrations engine, List<String> names, PrintStream err) {
    public void run() {
        Foreground.run(
                stop -> report(runToEnd(stop)),
                "the batch job was not handed back in time; another worker takes it over when its lease ends");
    }

    private RunResult runToEnd(StopSignal stop) {
        RunProgress progress = RunProgress.start(engine.status(), names, err);
        try (progress) {
            return engine.runToEnd(names, stop);
        }
    }

    private void report(RunResult result) {
        for (BatchedMigration migration : result.failed()) {
            err.println("failed: " + migration.name() + ": " + why(migration.failure()));
        }
        for (BatchedMigration migration : result.unfinished()) {
            err.println("unfinished: " + migration.name() + ": it is "
                    + migration.status().word());
        }
        int all = result.finished().size()
                + result.failed().size()
                + result.unfinished().size();
        err.println(summary(result, all));
        if (!result.isComplete()) {
            // The message is printed above and not left to the exception, because after Ctrl-C the process may end too
            // soon.
            throw CommandFailure.alreadySaid();
        }
    }

    private static String summary(RunResult result, int all) {
        if (result.isComplete()) {
            return "finished: %d of %d batched migrations".formatted(all, all);
        }
        return result.failed().isEmpty()
                ? "stopped: %d of %d batched migrations are not finished; run the command again to continue"
                        .formatted(result.unfinished().size(), all)
                : "%d of %d batched migrations failed; fix the causes above and run the command again"
                        .formatted(result.failed().size(), all);
    }

    private static String why(@org.jspecify.annotations.Nullable Failure failure) {
        return failure == null
                ? "unknown"
                : failure.code().word() + " (" + failure.code().code() + "): "
                        + failure.message().replaceAll("\\s+", " ");
    }
}
