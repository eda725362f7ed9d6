package org.registrybbm.migrations.internal.running;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.failure.InvalidDefinitionException;
import org.registrybbm.migrations.internal.catalog.TableNames;
import org.registrybbm.migrations.internal.failure.SqlFailures;
import org.registrybbm.migrations.internal.lease.Lease;
import org.registrybbm.migrations.internal.lease.LeaseQueries;
import org.registrybbm.migrations.internal.lease.Pacer;
import org.registrybbm.migrations.internal.quarantine.QuarantineQueries;
import org.registrybbm.migrations.internal.rows.PendingSearch;
import org.registrybbm.migrations.internal.rows.RowQueries;
import org.registrybbm.migrations.internal.rows.Treatment;
import org.registrybbm.migrations.internal.rows.WalkedTable;
import org.registrybbm.migrations.internal.sharing.BudgetQueries;
import org.registrybbm.migrations.internal.sizing.BatchSizes;
import org.registrybbm.migrations.internal.strategy.BatchingStrategy;
import org.registrybbm.migrations.internal.strategy.Foresight;
import org.registrybbm.migrations.internal.strategy.QuarantineRetry;
import org.registrybbm.migrations.internal.strategy.Wanted;
import org.registrybbm.migrations.internal.tables.JobQueries;
import org.registrybbm.migrations.internal.tables.LockWaitQueries;
import org.registrybbm.migrations.internal.walk.ResolvedMigration;
import org.registrybbm.migrations.internal.walk.WalkedJob;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchOutcome.Reason;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.Key;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.work.WorkRegistry;

/**
 * What one sub-batch does in its one transaction: the fence, the change of the rows, the move of the cursor. It keeps what stays the
 * same between the sub-batches of one run, and nothing that a rollback would have to undo.
 */
final class SubBatchTransaction implements AutoCloseable {
    private static final String LOST =
            "no row is there any more under this key: it was deleted or its key was changed, or it was changed in a table that"
                    + " has no key; nothing tells whether it is done, so look, and waive it";

    // A pause that came since the fence is obeyed, in time, although nothing was locked or changed meanwhile.
    private static final Duration LONG_SEARCH = Duration.ofSeconds(1);

    private final Lease lease;
    private final EngineSettings settings;
    private final WorkRegistry workRegistry;
    private final BatchedMigration migration;
    private final Pacer pacer;
    private final Foresight foresight;
    private @Nullable ResolvedMigration definition;
    private @Nullable WalkedJob walked;
    private long rowsOfBatch;
    private boolean awaited;
    private @Nullable KeyWatch keyWatch;
    private @Nullable Proof proof;

    SubBatchTransaction(
            Lease lease, EngineSettings settings, WorkRegistry workRegistry, BatchedMigration migration, Pacer pacer) {
        this.lease = lease;
        this.settings = settings;
        this.workRegistry = workRegistry;
        this.migration = migration;
        this.pacer = pacer;
        this.foresight = new Foresight(settings.timeouts());
    }

    /** How a sub-batch went, once its transaction is committed. */
    sealed interface Step {
        /**
         * Rows were changed and the cursor was moved, or rows that fail were listed and nothing else was done.
         *
         * @param quarantined why rows of it could not be changed, one for each
         */
        record Committed(BatchJob job, long covered, long migrated, List<Failure> quarantined, End end)
                implements Step {}

        /** A part of a table was read, and nothing was changed. */
        record Looked(BatchJob job) implements Step {}

        /** Nothing was left to do. */
        record Finished(BatchJob job) implements Step {}

        /** The batch job must not go on now; it was handed back. */
        record HandedBack(BatchJob job, Reason reason) implements Step {}

        /** The lease is another worker's, or the batch job is gone. */
        record LeaseLost() implements Step {}

        /** More rows than the quarantine may hold could not be changed; those that it may are in it, and the cursor stays. */
        record Overflown() implements Step {}

        /** What a sub-batch that was committed leaves. */
        enum End {
            /** The batch job goes on. */
            OPEN,
            /** It was the batch job's last one. */
            FINISHED,
            /** Its rows were not changed, as more of them may fail than one transaction looks for. */
            CUT_SHORT
        }
    }

    /**
     * What a sub-batch aims at.
     *
     * @param size how many rows, and whether failing ones are searched for one by one and quarantined
     * @param began when it began, as {@link System#nanoTime}
     * @param limit how long one statement may take
     * @param patience gives its transaction more time than a sub-batch has else
     */
    record Aim(SubBatchSize size, long began, Duration limit, Consumer<Duration> patience) {}

    /** Runs in an open transaction, which the caller commits. */
    Step run(Connection tx, Aim aim) throws SQLException {
        awaited = false;
        foresight.begin();
        Optional<LeaseQueries.Fenced> fence = lease.fence(tx, aim.limit());
        if (fence.isEmpty()) {
            return new Step.LeaseLost();
        }
        LeaseQueries.Fenced fenced = fence.get();
        if (!fenced.migration().status().isRunnable()) {
            return handBack(tx, fenced.job(), Reason.MIGRATION_STOPPED);
        }
        if (!fenced.migration().definition().equals(migration.definition())) {
            return handBack(tx, fenced.job(), Reason.DEFINITION_CHANGED);
        }
        if (fenced.maybeSurplus()
                && BudgetQueries.isSurplus(tx, migration.id(), fenced.job().id(), lease.token())) {
            return handBack(tx, fenced.job(), Reason.LIMIT_REACHED);
        }
        if (WalkedJob.isEdited(tx, fenced.job(), walked)) {
            return handBack(tx, fenced.job(), Reason.DEFINITION_CHANGED);
        }
        if (walked != null && !TableNames.isKept(tx, walked.table().target())) {
            return handBack(tx, fenced.job(), Reason.DEFINITION_CHANGED);
        }
        Optional<WalkedJob> table = walked(tx, fenced);
        if (table.isEmpty()) {
            return leaveRest(tx, fenced.job());
        }
        if (table.get().strategy().proves()) {
            return proof().step(tx, fenced, aim.began());
        }
        int paced = pacer.atMost(fenced.rate(), aim.size().rows());
        Optional<BatchingStrategy.SubBatch> next;
        Savepoint before = aim.size().isolates() ? tx.setSavepoint() : null;
        try {
            next = table.get()
                    .next(
                            tx,
                            fenced.job(),
                            new Wanted(rows(table.get(), fenced.job(), paced), Optional.of(foresight), aim.patience()));
        } catch (SQLException e) {
            if (before == null || !SqlFailures.mayBeOfRow(e)) {
                throw e;
            }
            tx.rollback(before);
            return setAside(tx, fenced, table.get(), aim, e);
        }
        if (System.nanoTime() - aim.began() > LONG_SEARCH.toNanos()
                && new SearchLimits(tx, lease, aim.patience()).isStopped()) {
            return handBack(tx, fenced.job(), Reason.MIGRATION_STOPPED);
        }
        if (next.isEmpty()) {
            return finish(tx, lease);
        }
        return change(tx, fenced, table.get().as(next.get()), next.get(), aim);
    }

    private Optional<WalkedJob> walked(Connection tx, LeaseQueries.Fenced fenced) throws SQLException {
        ResolvedMigration resolved = definition;
        if (resolved == null) {
            resolved = ResolvedMigration.resolve(tx, migration, workRegistry);
            rowsOfBatch = resolved.strategy().searches()
                    ? BatchSizes.of(tx, JobQueries.recent(tx, migration.id()), migration, settings)
                            .rows()
                    : Long.MAX_VALUE;
        }
        WalkedJob found = walked;
        definition = resolved;
        if (found != null) {
            found = found.again(tx, fenced.quarantined());
        } else {
            found = WalkedJob.of(tx, resolved, fenced.job()).orElse(null);
            if (found == null) {
                return Optional.empty();
            }
            found.strategy().check(tx, found.table());
        }
        walked = found;
        return Optional.of(found);
    }

    private Step change(
            Connection tx, LeaseQueries.Fenced fenced, WalkedJob table, BatchingStrategy.SubBatch subBatch, Aim aim)
            throws SQLException {
        BatchJob job = fenced.job();
        RowChange change = new RowChange(tx, definition, table.table(), job);
        boolean lost = QuarantineRetry.isLost(tx, table.table(), subBatch.batch());
        RowChange.Outcome outcome;
        try {
            outcome = aim.size().isolates()
                    ? change.isolating(subBatch.batch(), new SearchLimits(tx, lease, aim.patience()))
                    : change.whole(subBatch.batch());
        } catch (RowChange.QuarantineFullException e) {
            return new Step.Overflown();
        }
        if (change.isCutShort()) {
            return stay(tx, fenced, change, aim, Step.End.CUT_SHORT);
        }
        long rows = covered(tx, table.table(), subBatch.covered(), outcome.migrated());
        if (table.table().treatment() == Treatment.CHANGE
                && table.strategy().followsKey()
                && !aim.size().isolates()) {
            keyWatch().look(tx, table.table(), subBatch, new KeyWatch.Written(fenced.xid(), rows));
        }
        long covered = Math.max(rows, outcome.migrated());
        awaited = LockWaitQueries.isAwaited(tx);
        if (table.table().treatment() == Treatment.RETRY && outcome.quarantined() == 0) {
            long row = Objects.requireNonNull(subBatch.lastKey()).number();
            if (lost) {
                QuarantineQueries.lost(tx, row, LOST);
            } else {
                QuarantineQueries.done(tx, row);
            }
        }
        Duration busy = Duration.ofNanos(System.nanoTime() - aim.began());
        BatchJob advanced = advance(
                tx,
                fenced,
                new LeaseQueries.Advance(
                        subBatch.lastKey(),
                        covered,
                        outcome.migrated(),
                        outcome.pending(),
                        busy,
                        aim.size().rows()));
        if (!aim.size().isolates()) {
            Integer before = job.subBatchSize();
            lease.tellSize(
                    tx,
                    migration.id(),
                    before == null ? null : (long) before,
                    aim.size().rows(),
                    aim.size().why());
        }
        Optional<BatchJob> finished =
                isLast(table, job, subBatch, rows, outcome) ? LeaseQueries.finish(tx, lease) : Optional.empty();
        return new Step.Committed(
                finished.orElse(advanced),
                covered,
                outcome.migrated(),
                change.failures(),
                finished.isPresent() ? Step.End.FINISHED : Step.End.OPEN);
    }

    private BatchJob advance(Connection tx, LeaseQueries.Fenced fenced, LeaseQueries.Advance by) throws SQLException {
        return LeaseQueries.advance(tx, lease, fenced.xid(), by).orElseThrow(() -> unlawful(fenced.job()));
    }

    /** Finishes the batch job in the sub-batch's transaction. */
    static Step finish(Connection tx, Lease lease) throws SQLException {
        Optional<BatchJob> finished = LeaseQueries.finish(tx, lease);
        return finished.isPresent() ? new Step.Finished(finished.get()) : new Step.LeaseLost();
    }

    /**
     * Returns how many rows a sub-batch had. If its keys were taken for rows and fewer rows were changed, the rows are counted. Rows that the
     * work has deleted are then missing from the number.
     */
    private long covered(Connection tx, WalkedTable table, BatchingStrategy.Covered covered, long migrated)
            throws SQLException {
        if (covered.assumed().isEmpty() || migrated >= covered.rows()) {
            return covered.rows();
        }
        foresight.keys().end();
        return RowQueries.count(tx, table, covered.assumed().get());
    }

    /** Keeps what was listed, and leaves the cursor where it is. */
    private Step stay(Connection tx, LeaseQueries.Fenced fenced, RowChange change, Aim aim, Step.End end)
            throws SQLException {
        Duration busy = Duration.ofNanos(System.nanoTime() - aim.began());
        BatchJob job = advance(
                tx,
                fenced,
                new LeaseQueries.Advance(
                        fenced.job().lastKey(), 0, 0, 0, busy, aim.size().rows()));
        return new Step.Committed(job, 0, 0, change.failures(), end);
    }

    /** The next rows cannot be looked for, as the author's expression fails at one: that one is found, and looked for no more. */
    private Step setAside(Connection tx, LeaseQueries.Fenced fenced, WalkedJob table, Aim aim, SQLException thrown)
            throws SQLException {
        PendingSearch search = new PendingSearch(tx, table.table(), migration.quarantineLimit());
        search.everywhere();
        if (search.unreadable().isEmpty()) {
            throw thrown;
        }
        RowChange change = new RowChange(tx, definition, table.table(), fenced.job());
        try {
            change.settingAside(search.unreadable());
        } catch (RowChange.QuarantineFullException e) {
            return new Step.Overflown();
        }
        return stay(tx, fenced, change, aim, Step.End.OPEN);
    }

    private KeyWatch keyWatch() {
        KeyWatch watch = keyWatch;
        if (watch == null) {
            watch = new KeyWatch(Objects.requireNonNull(definition).needs());
            keyWatch = watch;
        }
        return watch;
    }

    private Proof proof() {
        Proof current = proof;
        if (current == null) {
            current = new Proof(lease, Objects.requireNonNull(definition));
            proof = current;
        }
        return current;
    }

    /** Returns whether another session waited for rows of the last sub-batch when they were changed. */
    boolean isAwaited() {
        return awaited;
    }

    /** Returns how long the sub-batch searched for its rows before it locked any. */
    Duration searched() {
        return foresight.searched();
    }

    /** Follows a sub-batch that was rolled back: its rows are the next ones again. */
    void rolledBack() {
        foresight.forget();
    }

    @Override
    public void close() {
        if (proof != null) {
            proof.close();
        }
    }

    /** Where only the batch's size ends it, its last sub-batch takes what is left of that. */
    private int rows(WalkedJob table, BatchJob job, int size) {
        return table.strategy().searches()
                ? (int) Math.max(1, Math.min(size, rowsOfBatch - job.coveredTupleCount()))
                : size;
    }

    private boolean isLast(
            WalkedJob table, BatchJob job, BatchingStrategy.SubBatch subBatch, long rows, RowChange.Outcome outcome) {
        return subBatch.last()
                || table.strategy().searches()
                        && (outcome.migrated() + outcome.quarantined() == 0
                                || job.coveredTupleCount() + rows >= rowsOfBatch);
    }

    /** The partition was detached or dropped and may come back, or the walk was forgotten: its rows must not be taken for done. */
    private Step leaveRest(Connection tx, BatchJob job) throws SQLException {
        Key done = job.lastKey();
        if (done == null) {
            return LeaseQueries.forget(tx, lease) ? new Step.HandedBack(job, Reason.GONE) : new Step.LeaseLost();
        }
        ResolvedMigration resolved = Objects.requireNonNull(definition);
        boolean cut = resolved.strategy().countsInNumbers(resolved.target())
                ? LeaseQueries.cutShort(tx, lease, done.number(), null)
                : LeaseQueries.cutShort(tx, lease, null, done);
        return cut ? finish(tx, lease) : new Step.LeaseLost();
    }

    private Step handBack(Connection tx, BatchJob job, Reason reason) throws SQLException {
        return LeaseQueries.handBack(tx, lease) ? new Step.HandedBack(job, reason) : new Step.LeaseLost();
    }

    /** Not tried again: what the work function committed by itself would be changed once more each time. */
    private InvalidDefinitionException unlawful(BatchJob job) {
        return new InvalidDefinitionException(
                FailureCode.UNKNOWN,
                "the work function '" + migration.definition().signature()
                        + "' ended the transaction or changed the row of its batch job "
                        + job.id() + "; rows of its next sub-batch, after its last_key,"
                        + " may be changed without its cursor saying so: look at them, fix the work function, and set the"
                        + " migration to active");
    }
}
