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
import org.registrybbm.migrations.internal.walk.ResolvedMigration;
import org.registrybbm.migrations.internal.walk.WalkedJob;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchOutcome.Reason;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.Key;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.work.WorkRegistry;

/**
 * Does the work of one sub-batch in its transaction: takes the fence, changes the rows, and moves the cursor. The same object serves all
 * sub-batches of a run, and keeps what they have in common. After a rollback {@link #rolledBack} must be called.
 */
final class SubBatchTransaction implements AutoCloseable {
    private static final String LOST =
            "no row is there any more under this key: it was deleted, its key was changed, or it was changed in a table without"
                    + " a key; nothing shows whether it is done, so look at the table and then waive the row";

    // If the search for the next rows takes longer than this, the migration may have been paused since the fence was
    // taken, so that is checked once more before any row is changed.
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

    /** The result of a sub-batch. It holds once the transaction is committed. */
    sealed interface Step {
        /**
         * Either rows were changed and the cursor was moved, or failing rows were quarantined and nothing else was done.
         *
         * @param covered how many rows the sub-batch had
         * @param migrated how many of them were changed
         * @param quarantined why rows could not be changed, one failure for each row that was quarantined
         */
        record Committed(BatchJob job, long covered, long migrated, List<Failure> quarantined, End end)
                implements Step {}

        /** A proof has read a part of a table. No row was changed. */
        record Looked(BatchJob job) implements Step {}

        /** Nothing was left to do. */
        record Finished(BatchJob job) implements Step {}

        /** The batch job must not continue now. It was handed back, or deleted if it was not begun and its table is gone. */
        record HandedBack(BatchJob job, Reason reason) implements Step {}

        /** Another worker has the lease now, or the batch job does not exist any more. */
        record LeaseLost() implements Step {}

        /** More rows failed than the quarantine may hold. Those that fit are in quarantine, and the cursor was not moved. */
        record Overflown() implements Step {}

        /** What follows after a sub-batch that was committed. */
        enum End {
            /** The batch job goes on. */
            OPEN,
            /** It was the batch job's last one. */
            FINISHED,
            /** No row was changed, because more rows may fail than one transaction searches for. */
            CUT_SHORT
        }
    }

    /**
     * How large a sub-batch is to be and how long it may take.
     *
     * @param size how many rows it takes, and whether failing rows are searched for one by one and quarantined
     * @param began when it began, as {@link System#nanoTime}
     * @param limit how long one statement may take
     * @param patience gives its transaction more time than a sub-batch usually has
     */
    record Aim(SubBatchSize size, long began, Duration limit, Consumer<Duration> patience) {}

    /** Runs a sub-batch in an open transaction. The caller commits it. */
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
        LeaseQueries.Advanced advanced =
                LeaseQueries.advance(tx, lease, fenced.xid(), by).orElseThrow(() -> unlawful(fenced.job()));
        awaited = advanced.awaited();
        return advanced.job();
    }

    /** Finishes the batch job in the sub-batch's transaction. */
    static Step finish(Connection tx, Lease lease) throws SQLException {
        Optional<BatchJob> finished = LeaseQueries.finish(tx, lease);
        return finished.isPresent() ? new Step.Finished(finished.get()) : new Step.LeaseLost();
    }

    /**
     * Returns how many rows a sub-batch had. If its rows were not counted and fewer rows were changed than it may have, they are counted
     * now. Rows that the work has deleted are then missing from the number.
     */
    private long covered(Connection tx, WalkedTable table, BatchingStrategy.Covered covered, long migrated)
            throws SQLException {
        if (covered.assumed().isEmpty() || migrated >= covered.rows()) {
            return covered.rows();
        }
        foresight.keys().end();
        return RowQueries.count(tx, table, covered.assumed().get());
    }

    /** Keeps the rows that were quarantined, and leaves the cursor where it is. */
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

    /**
     * Quarantines the rows for which the author's condition fails, because they make the search for the next rows fail as a whole. The
     * search then leaves them out.
     */
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

    /** Must be called after a sub-batch was rolled back. Its rows are the next ones again. */
    void rolledBack() {
        foresight.forget();
    }

    @Override
    public void close() {
        if (proof != null) {
            proof.close();
        }
    }

    /**
     * Returns how many rows to take. If the batch job has no range and ends by its size alone, its last sub-batch takes no more rows than
     * are left of that size.
     */
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

    /**
     * Ends a batch job whose partition was detached or dropped, or whose walk was deleted. The partition may come back, so its other rows
     * must not count as done: the range is cut at the cursor, and a batch job that has not begun is deleted.
     */
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

    /**
     * Returns the exception for a work function that ended the transaction or changed the row of its batch job. It fails the migration at
     * once, because each further try would change once more what the work function has committed.
     */
    private InvalidDefinitionException unlawful(BatchJob job) {
        return new InvalidDefinitionException(
                FailureCode.UNKNOWN,
                "the work function '" + migration.definition().signature()
                        + "' ended the transaction or changed the row of its batch job "
                        + job.id() + "; rows of its next sub-batch, after its last_key,"
                        + " may be changed although its cursor does not show it: check them, fix the work function, and set the"
                        + " migration to active");
    }
}
