package org.registrybbm.app.internal.tasks;

import io.dropwizard.servlets.tasks.Task;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.registrybbm.app.internal.text.VerifyProgress;
import org.registrybbm.app.internal.text.answer.VerifiedTable;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.verification.VerificationResult;
import org.registrybbm.migrations.verification.VerificationResult.Verdict;

/**
 * Runs {@code POST /tasks/bbm-verify}: searches tables for rows that are not done, and prints a line of progress every 2 s. It ends early
 * after a time that the caller may choose, and when the caller hangs up or the replica stops. While one call is served, others are refused,
 * because each keeps a connection of the pool.
 */
public final class VerifyTask extends Task {
    private static final String MIGRATION = "migration";
    private static final String SECONDS = "seconds";
    private static final int DEFAULT_SECONDS = 60;
    private static final int MOST_SECONDS = 3_600;
    private static final Duration A_LINE_EVERY = Duration.ofSeconds(2);

    private final BatchedMigrations engine;
    private final Semaphore one = new Semaphore(1);
    private volatile boolean stopping;

    /** Creates the task for an engine. */
    public VerifyTask(BatchedMigrations engine) {
        super("bbm-verify", "text/plain;charset=utf-8");
        this.engine = engine;
    }

    /** Stops a verification that is under way, because the replica stops. No later call verifies anything. */
    public void stop() {
        stopping = true;
    }

    @Override
    public void execute(Map<String, List<String>> parameters, PrintWriter output) {
        Parameters given = Parameters.of(parameters, Set.of(SECONDS), Set.of(MIGRATION));
        long seconds = given.number(SECONDS, DEFAULT_SECONDS, 1, MOST_SECONDS);
        if (!one.tryAcquire()) {
            throw new IllegalStateException(
                    "this replica is verifying already; wait for that, or use registry background-migrate verify");
        }
        try {
            verify(given.all(MIGRATION), seconds, output);
        } finally {
            one.release();
        }
    }

    private void verify(List<String> names, long seconds, PrintWriter output) {
        long began = System.nanoTime();
        long nanos = Duration.ofSeconds(seconds).toNanos();
        // Only writing shows whether the caller is still there.
        StopSignal stop = () -> stopping || System.nanoTime() - began >= nanos || output.checkError();
        VerifyProgress progress =
                new VerifyProgress(engine.store().list(names), A_LINE_EVERY, System::nanoTime, output::println);
        List<VerificationResult> verified = engine.verify(names, stop, progress);
        output.print(VerifiedTable.render(verified));
        if (VerifiedTable.count(verified, Verdict.STOPPED) > 0 && !stopping) {
            output.println("stopped after " + seconds + " s; give 'seconds', at most " + MOST_SECONDS
                    + ", or use registry background-migrate verify, which has no limit");
        }
    }
}
