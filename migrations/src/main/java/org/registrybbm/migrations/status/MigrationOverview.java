package org.registrybbm.migrations.status;

import java.util.List;
import java.util.OptionalDouble;
import org.registrybbm.migrations.model.BatchedMigration;

/**
 * How a batched migration stands, for status pages, metrics and the CLI.
 *
 * @param migration the row
 * @param priority higher ones are served first
 * @param progressPercent 0 to 99.9, 100 once finished, or empty while the number of rows is unknown
 * @param coveredTupleCount rows looked at; for batches that the container registry finished, its batch size
 * @param migratedTupleCount rows that this engine really changed
 * @param finishedJobs batch jobs that are finished
 * @param failedJobs batch jobs whose last attempt failed
 * @param activeJobs batch jobs that were cut and are not finished, waiting or running
 * @param quarantinedRows rows that could not be changed and wait for a person
 * @param takeovers how often a batch job was taken over from a worker that gave no sign of life
 * @param replicas replicas that hold a lease of one of its batch jobs now, sorted
 * @param explanation one sentence: what it does or what it waits for
 */
public record MigrationOverview(
        BatchedMigration migration,
        int priority,
        OptionalDouble progressPercent,
        long coveredTupleCount,
        long migratedTupleCount,
        long finishedJobs,
        long failedJobs,
        long activeJobs,
        long quarantinedRows,
        long takeovers,
        List<String> replicas,
        String explanation) {}
