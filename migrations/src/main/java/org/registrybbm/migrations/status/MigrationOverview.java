package org.registrybbm.migrations.status;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.registrybbm.migrations.model.BatchedMigration;

/**
 * The state of a batched migration, for status pages, metrics and the CLI.
 *
 * @param migration the migration as its row describes it
 * @param priority its priority; migrations of a higher priority are served first
 * @param progressPercent 0 to 99.9, 100 once finished, or empty when rows were looked at but the number of all is unknown
 * @param expectedTupleCount about how many rows there are: what PostgreSQL's statistics said when the migration began, or else what the
 *     size of the table tells once it runs; empty if neither says anything
 * @param coveredTupleCount how many rows were looked at. Batches that the container registry's own software finished have no count, so each
 *     one adds the migration's batch size
 * @param migratedTupleCount how many rows this engine really changed
 * @param finishedJobs how many batch jobs are finished
 * @param failedJobs how many batch jobs failed at their last attempt
 * @param activeJobs how many batch jobs wait for a worker or are running
 * @param quarantinedRows how many rows could not be changed and wait for a person
 * @param takeovers how often a batch job was taken over from a worker that gave no sign of life
 * @param replicas the names of the replicas that hold a lease of one of its batch jobs now, sorted
 * @param pace how fast it was lately, and how long it will take; empty if no replica works on it now, or if it has only begun
 * @param reason what the migration is doing or what it waits for
 */
public record MigrationOverview(
        BatchedMigration migration,
        int priority,
        OptionalDouble progressPercent,
        OptionalLong expectedTupleCount,
        long coveredTupleCount,
        long migratedTupleCount,
        long finishedJobs,
        long failedJobs,
        long activeJobs,
        long quarantinedRows,
        long takeovers,
        List<String> replicas,
        Optional<Pace> pace,
        Reason reason) {
    /** Returns the same with a pace. */
    MigrationOverview at(Optional<Pace> other) {
        return with(other, reason);
    }

    /** Returns the same with another reason. */
    MigrationOverview because(Reason other) {
        return with(pace, other);
    }

    private MigrationOverview with(Optional<Pace> otherPace, Reason otherReason) {
        return new MigrationOverview(
                migration,
                priority,
                progressPercent,
                expectedTupleCount,
                coveredTupleCount,
                migratedTupleCount,
                finishedJobs,
                failedJobs,
                activeJobs,
                quarantinedRows,
                takeovers,
                replicas,
                otherPace,
                otherReason);
    }

    /** Returns one sentence that says what the migration is doing or what it waits for. */
    public String explanation() {
        return reason.sentence();
    }
}
