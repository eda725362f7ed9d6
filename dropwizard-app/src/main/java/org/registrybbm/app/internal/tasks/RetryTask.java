package org.registrybbm.app.internal.tasks;

import io.dropwizard.servlets.tasks.Task;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.registrybbm.app.internal.text.RepairText;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.quarantine.RetryResult;

/** Answers {@code POST /tasks/bbm-retry}: tries failed migrations, failed batch jobs and quarantined rows again. */
public final class RetryTask extends Task {
    private static final String MIGRATION = "migration";
    private static final String BATCH_JOB = "batch-job";

    private final BatchedMigrations engine;

    /** Creates a task on the given engine. */
    public RetryTask(BatchedMigrations engine) {
        super("bbm-retry", "text/plain;charset=utf-8");
        this.engine = engine;
    }

    @Override
    public void execute(Map<String, List<String>> parameters, PrintWriter output) {
        Parameters given =
                Parameters.of(parameters, Set.of(BATCH_JOB, Parameters.BY, Parameters.REASON), Set.of(MIGRATION));
        String batchJob = given.get(BATCH_JOB);
        if (batchJob != null && !given.all(MIGRATION).isEmpty()) {
            throw new IllegalArgumentException(
                    "'migration' and 'batch-job' were both given; nothing was changed; give only one of them");
        }
        List<RetryResult> retried = batchJob == null
                ? engine.quarantine().retry(given.all(MIGRATION), given.decider())
                : engine.quarantine().retryBatchJob(Parameters.number(BATCH_JOB, batchJob), given.decider());
        output.print(RepairText.retried(retried));
    }
}
