package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.BatchJob;
import org.registrybbm.migrations.BatchOutcome.Reason;
import org.registrybbm.migrations.BatchedMigration;
import org.registrybbm.migrations.EngineSettings;
import org.registrybbm.migrations.FailureCode;
import org.registrybbm.migrations.InvalidDefinitionException;
import org.registrybbm.migrations.WorkRegistry;

/**
 * What one sub-batch does in its one transaction: the fence, the change of the rows, the move of the cursor. It keeps what stays the
 * same between the sub-batches of one run, and nothing that a rollback would have to undo.
 */
final class SubBatchTransaction {
    private final Lease lease;
    private final EngineSettings settings;
    private final WorkRegistry workRegistry;
    private final BatchedMigration migration;
    private final Pacer pacer;
    private @Nullable Definition definition;
    private long rowsOfBatch;

    SubBatchTransaction(
            Lease lease, EngineSettings settings, WorkRegistry workRegistry, BatchedMigration migration, Pacer pacer) {
        this.lease = lease;
        this.settings = settings;
        this.workRegistry = workRegistry;
        this.migration = migration;
        this.pacer = pacer;
    }

    /** How a sub-batch went, once its transaction is committed. */
    sealed interface Step {
        /** Rows were changed and the cursor was moved. */
        record Committed(BatchJob job, long covered, long migrated, boolean finished) implements Step {}

        /** Nothing was left to do. */
        record Finished(BatchJob job) implements Step {}

        /** The batch job must not go on now; it was handed back. */
        record HandedBack(BatchJob job, Reason reason) implements Step {}

        /** The lease is another worker's, or the batch job is gone. */
        record LeaseLost() implements Step {}
    }

    /**
     * Runs in an open transaction, which the caller commits.
     *
     * @param size rows to aim at
     * @param began when it began, as {@link System#nanoTime}
     */
    Step run(Connection tx, int size, long began) throws SQLException {
        Optional<LeaseQueries.Fenced> fence = lease.fence(tx);
        if (fence.isEmpty()) {
            return new Step.LeaseLost();
        }
        LeaseQueries.Fenced fenced = fence.get();
        if (!fenced.migration().status().isRunnable()) {
            return handBack(tx, fenced.job(), Reason.MIGRATION_STOPPED);
        }
        if (!fenced.migration().hasSameDefinitionAs(migration)) {
            return handBack(tx, fenced.job(), Reason.DEFINITION_CHANGED);
        }
        if (fenced.maybeSurplus()
                && BudgetQueries.isSurplus(tx, migration.id(), fenced.job().id(), lease.token())) {
            return handBack(tx, fenced.job(), Reason.LIMIT_REACHED);
        }
        Definition resolved = definition;
        if (resolved == null) {
            resolved = Definition.resolve(tx, migration, workRegistry);
            rowsOfBatch = BatchSizes.next(tx, migration, settings);
            definition = resolved;
        }
        int paced = pacer.atMost(fenced.rate(), size);
        int rows = resolved.strategy().isParallel() ? paced : atMostWhatIsLeft(fenced.job(), paced);
        Optional<BatchingStrategy.SubBatch> next = resolved.strategy().next(tx, resolved.target(), fenced.job(), rows);
        if (next.isEmpty()) {
            return lease.finish(tx) ? new Step.Finished(fenced.job()) : new Step.LeaseLost();
        }
        return change(tx, fenced, resolved, next.get(), new Aim(size, began));
    }

    /** What the sub-batch aimed at, and when it began. */
    private record Aim(int size, long began) {}

    private Step change(
            Connection tx, LeaseQueries.Fenced fenced, Definition resolved, BatchingStrategy.SubBatch subBatch, Aim aim)
            throws SQLException {
        BatchJob job = fenced.job();
        long migrated = resolved.function().migrate(resolved.context(tx, subBatch.batch()));
        if (migrated < 0) {
            throw new IllegalStateException("the work function '" + migration.signature() + "' returned " + migrated
                    + "; it must return how many rows it changed");
        }
        long covered = subBatch.covered().orElse(migrated);
        Duration busy = Duration.ofNanos(System.nanoTime() - aim.began());
        if (!lease.advance(
                tx, fenced, new LeaseQueries.Advance(subBatch.lastKey(), covered, migrated, busy, aim.size()))) {
            throw unlawful(job);
        }
        boolean finished = isLast(job, subBatch, covered, migrated) && lease.finish(tx);
        return new Step.Committed(
                job.advanced(subBatch.lastKey(), aim.size(), covered, migrated), covered, migrated, finished);
    }

    /** Where only the batch's size ends it, its last sub-batch takes what is left of that. */
    private int atMostWhatIsLeft(BatchJob job, int size) {
        return (int) Math.max(1, Math.min(size, rowsOfBatch - job.coveredTupleCount()));
    }

    private boolean isLast(BatchJob job, BatchingStrategy.SubBatch subBatch, long covered, long migrated) {
        return subBatch.last()
                || subBatch.covered().isEmpty() && (migrated == 0 || job.coveredTupleCount() + covered >= rowsOfBatch);
    }

    private Step handBack(Connection tx, BatchJob job, Reason reason) throws SQLException {
        return lease.handBack(tx) ? new Step.HandedBack(job, reason) : new Step.LeaseLost();
    }

    /** Not tried again: what the work function committed by itself would be changed once more each time. */
    private InvalidDefinitionException unlawful(BatchJob job) {
        return new InvalidDefinitionException(
                FailureCode.UNKNOWN,
                "the work function '" + migration.signature()
                        + "' ended the transaction or changed the row of its batch job "
                        + job.id() + "; rows of its next sub-batch after key " + job.lastKey()
                        + " may be changed without its cursor saying so: look at them, mend the work function, and set the"
                        + " migration to active");
    }
}
