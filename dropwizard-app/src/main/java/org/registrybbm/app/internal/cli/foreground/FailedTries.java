package org.registrybbm.app.internal.cli.foreground;

import java.io.PrintStream;
import org.registrybbm.app.internal.secrets.Secrets;
import org.registrybbm.app.internal.text.Terminal;
import org.registrybbm.migrations.event.MigrationEvent;
import org.registrybbm.migrations.event.MigrationEvent.BatchFailed;
import org.registrybbm.migrations.event.MigrationListener;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.settings.EngineSettings;

/**
 * Prints a line for each failed try of a foreground run: why it failed, and when the next try follows. The last try has no line here,
 * because the summary names it.
 *
 * @param settings say how many tries there are, and how long to wait between two of them
 * @param err where the lines go
 */
public record FailedTries(EngineSettings settings, PrintStream err) implements MigrationListener {
    @Override
    public void on(MigrationEvent event) {
        if (event instanceof BatchFailed failed && !failed.exhausted()) {
            BatchJob job = failed.job();
            err.println("%s%s: try %d of %d of batch job %d failed, the next one follows in %d s: %s"
                    .formatted(
                            Terminal.isThere() ? Terminal.REDRAW : "",
                            failed.migration().name(),
                            job.attempts(),
                            settings.maxJobAttempts(),
                            job.id(),
                            settings.retryAfter(job.attempts()).toSeconds(),
                            text(failed.failure())));
        }
    }

    private static String text(Failure failure) {
        return Secrets.hide(failure.message().replaceAll("\\s+", " "));
    }
}
