package org.registrybbm.app.internal.cli.foreground;

import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import org.registrybbm.app.internal.text.CommandFailure;
import org.registrybbm.app.internal.text.Terminal;
import org.registrybbm.app.internal.text.VerifyProgress;
import org.registrybbm.app.internal.text.answer.VerifiedTable;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.verification.VerificationResult;
import org.registrybbm.migrations.verification.VerificationResult.Verdict;

/**
 * Runs {@code background-migrate verify}: shows progress, and ends with a table of the results. Ctrl-C stops it after the range that it is
 * reading.
 *
 * @param engine verifies the migrations
 * @param names the names of the migrations; empty for all that are finished
 * @param out where the table goes
 * @param err where progress goes
 */
public record ForegroundVerification(BatchedMigrations engine, List<String> names, PrintStream out, PrintStream err) {
    private static final Duration ON_TERMINAL = Duration.ofSeconds(1);
    private static final Duration ELSEWHERE = Duration.ofSeconds(10);

    public void run() {
        Foreground.run(
                stop -> report(verify(stop)),
                "the current statement did not end in time; PostgreSQL ends it at its statement timeout");
    }

    private List<VerificationResult> verify(StopSignal stop) {
        boolean terminal = Terminal.isThere();
        VerifyProgress progress = new VerifyProgress(
                engine.store().list(names), terminal ? ON_TERMINAL : ELSEWHERE, System::nanoTime, line -> {
                    err.print(terminal ? Terminal.REDRAW + line : line + System.lineSeparator());
                    err.flush();
                });
        try {
            return engine.verify(names, stop, progress);
        } finally {
            if (terminal) {
                err.print(Terminal.REDRAW);
                err.flush();
            }
        }
    }

    private void report(List<VerificationResult> verified) {
        out.print(VerifiedTable.render(verified));
        out.flush();
        long incomplete = VerifiedTable.count(verified, Verdict.INCOMPLETE);
        long stopped = VerifiedTable.count(verified, Verdict.STOPPED);
        if (incomplete > 0) {
            err.println(
                    incomplete + " of " + verified.size()
                            + " batched migrations are incomplete; set a finished one to active (status 1) to have its other rows changed");
        }
        if (stopped > 0) {
            err.println("stopped before the end; the next verification begins again");
        }
        if (incomplete + stopped > 0) {
            throw CommandFailure.alreadySaid();
        }
    }
}
