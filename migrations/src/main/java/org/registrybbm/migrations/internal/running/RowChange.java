package org.registrybbm.migrations.internal.running;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.failure.InvalidDefinitionException;
import org.registrybbm.migrations.internal.failure.WorkFailedException;
import org.registrybbm.migrations.internal.failure.WorkRuleException;
import org.registrybbm.migrations.internal.failure.WorkSqlException;
import org.registrybbm.migrations.internal.quarantine.QuarantineQueries;
import org.registrybbm.migrations.internal.rows.PendingSearch;
import org.registrybbm.migrations.internal.rows.RowLists;
import org.registrybbm.migrations.internal.rows.RowQueries;
import org.registrybbm.migrations.internal.rows.Treatment;
import org.registrybbm.migrations.internal.rows.WalkedTable;
import org.registrybbm.migrations.internal.tables.EventQueries;
import org.registrybbm.migrations.internal.walk.ResolvedMigration;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.work.Batch;

/** Changes the rows of one sub-batch inside its transaction: all at once, or without those that fail. */
final class RowChange implements Isolation.Work {
    private static final int SAMPLES = 10;

    private final Connection tx;
    private final ResolvedMigration definition;
    private final WalkedTable table;
    private final BatchJob job;
    private final Map<String, Failure> failed = new LinkedHashMap<>();
    private long pending;
    private boolean cutShort;

    RowChange(Connection tx, @Nullable ResolvedMigration definition, WalkedTable table, BatchJob job) {
        this.tx = tx;
        this.definition = Objects.requireNonNull(definition);
        this.table = table;
        this.job = job;
    }

    /**
     * The result of a change.
     *
     * @param migrated rows that were changed
     * @param quarantined rows that were quarantined
     * @param pending rows that are still pending although they were tried again; some of them are quarantined, as samples
     */
    record Outcome(long migrated, int quarantined, long pending) {
        static final Outcome NOTHING = new Outcome(0, 0, 0);
    }

    /** Thrown when the quarantine holds as many rows as it may. */
    static final class QuarantineFullException extends Exception {
        private static final long serialVersionUID = 1L;
    }

    /** Changes all rows. */
    Outcome whole(Batch batch) throws SQLException, QuarantineFullException {
        List<String> sample = sample(batch);
        long migrated = migrate(batch);
        requireDone(batch, sample, migrated);
        quarantine(null, Long.MAX_VALUE);
        return new Outcome(migrated, failed.size(), pending);
    }

    /**
     * Changes all rows except those that fail by themselves, which are quarantined. If the search is cut short, the failing rows are
     * quarantined and no row is changed.
     *
     * @throws QuarantineFullException if too many rows fail; as many as fit are quarantined, and no row is changed
     */
    Outcome isolating(Batch batch, SearchLimits limits) throws SQLException, QuarantineFullException {
        Optional<List<String>> rows = new RowLists(tx, table, RowLists.FEW).locked(batch);
        List<String> sample = readableSample(batch);
        Savepoint before = tx.setSavepoint();
        long free = migration().quarantineLimit()
                - QuarantineQueries.count(tx, migration().id());
        Isolation isolation = new Isolation(tx, table, this, limits, failed);
        long migrated = isolation.of(batch, rows, Math.max(1, free));
        cutShort = isolation.isCutShort();
        if (cutShort) {
            tx.rollback(before);
            migrated = 0;
            pending = 0;
        } else if (failed.isEmpty()) {
            requireDone(batch, sample, migrated);
        }
        quarantine(before, free);
        return new Outcome(migrated, failed.size(), pending);
    }

    /** Returns whether more rows may fail than one transaction searches for, so that no row was changed. */
    boolean isCutShort() {
        return cutShort;
    }

    /**
     * Changes no row, and quarantines rows of which nobody can say whether they are done.
     *
     * @throws QuarantineFullException if there are too many; as many as fit are quarantined
     */
    Outcome settingAside(Map<String, Failure> rows) throws SQLException, QuarantineFullException {
        failed.putAll(rows);
        quarantine(tx.setSavepoint(), room());
        return new Outcome(0, failed.size(), 0);
    }

    /** Returns whether the migration comes to its end only by the work itself. If the work did nothing, it would never end. */
    private boolean endsByTheWork() {
        return table.treatment() == Treatment.CHANGE && !definition.strategy().followsKey();
    }

    private List<String> sample(Batch batch) throws SQLException {
        return endsByTheWork() ? RowQueries.identities(tx, table, table.toWork(batch), "", SAMPLES) : List.of();
    }

    /**
     * Returns a sample of pending rows. It is empty if the condition fails for a row, because that row is among those that are searched
     * for.
     */
    private List<String> readableSample(Batch batch) throws SQLException {
        PendingSearch search = new PendingSearch(tx, table, SAMPLES);
        return endsByTheWork() && search.ask(batch).isEmpty() ? search.found() : List.of();
    }

    /**
     * Checks that the work has changed at least one row of the sample, which was taken before the work, because not all of them need to
     * have changed. A row that the application has moved to other blocks meanwhile was not given to the work.
     */
    private void requireDone(Batch batch, List<String> sample, long migrated) throws SQLException {
        if (sample.isEmpty()) {
            return;
        }
        // For a row without a key, only its version is known, and work that leaves the row pending may still have made
        // a new version. Nobody else can have done rows that a search has locked.
        boolean locked = definition.strategy().searches();
        boolean nothing = migrated == 0 && locked && table.spared().identity().isVersion();
        Batch given =
                ofRows(sample).and(here -> batch.predicate() + " OR " + here + "xmin = pg_current_xact_id()::xid");
        if (nothing || pending(given, sample.size()).size() == sample.size()) {
            throw new InvalidDefinitionException(
                    FailureCode.NO_PROGRESS,
                    "the work function '" + migration().definition().signature() + "' was given rows of "
                            + table.target().table() + " where " + table.pending()
                            + ", and this is still true for them afterwards, so the migration would run for ever; fix the work function");
        }
    }

    @Override
    public boolean failsWithoutRows() throws SQLException {
        // If the statement itself is wrong, for example because a table is gone, it fails without any row too.
        try {
            work(ofRows(List.of()));
            return false;
        } catch (SQLException | RuntimeException e) {
            return true;
        }
    }

    /**
     * Quarantines the rows that failed. If there are too many, it undoes everything else and quarantines only those that fit.
     *
     * @param looked how much room there was when the search began; if more rows failed, the others were not tried
     */
    private void quarantine(@Nullable Savepoint undo, long looked) throws SQLException, QuarantineFullException {
        if (failed.isEmpty()) {
            return;
        }
        boolean full = undo != null && failed.size() > Math.min(looked, room());
        if (full) {
            tx.rollback(undo);
        }
        List<Map.Entry<String, Failure>> rows = new ArrayList<>(failed.entrySet());
        // The rollback also gave up the turn, so another worker may have quarantined rows since.
        int listed = full ? (int) Math.min(room(), rows.size()) : rows.size();
        for (Map.Entry<String, Failure> row : rows.subList(0, listed)) {
            QuarantineQueries.quarantine(
                    tx,
                    migration().id(),
                    table.target(),
                    new QuarantineQueries.Listed(job.id(), row.getKey(), row.getValue()));
        }
        EventQueries.record(
                tx,
                migration().id(),
                job.id(),
                job.leaseOwner(),
                new EventQueries.Event(
                        "quarantined",
                        null,
                        (long) listed,
                        rows.get(0).getValue().message()));
        if (full) {
            throw new QuarantineFullException();
        }
    }

    /** Waits until no other worker is quarantining rows of the migration, and returns how many more fit. */
    private long room() throws SQLException {
        QuarantineQueries.takeTurn(tx, migration().id());
        return Math.max(
                0,
                migration().quarantineLimit()
                        - QuarantineQueries.count(tx, migration().id()));
    }

    @Override
    public long migrate(Batch batch) throws SQLException, QuarantineFullException {
        if (table.treatment() == Treatment.CHANGE || table.pendingRows().isEmpty()) {
            return run(table.toWork(batch));
        }
        // Rows that somebody has done by hand, or that the application has done by now, are not done again.
        RowLists lists = new RowLists(tx, table, RowLists.MANY);
        Optional<List<String>> before = lists.of(batch.and(this::pendingCondition));
        if (before.isEmpty()) {
            Optional<RowLists.Halves> halves = lists.halves(batch);
            return halves.isPresent()
                    ? migrate(halves.get().first()) + migrate(halves.get().second())
                    : 0;
        }
        if (before.get().isEmpty()) {
            return 0;
        }
        long migrated = run(batch.and(this::pendingCondition));
        // Rows that the application has inserted meanwhile are not checked.
        stillPending(
                stillPending(batch, before.get()),
                table.treatment() == Treatment.RETRY
                        ? "the row is still not done after it was tried again"
                        : QuarantineQueries.STILL_NOT_DONE);
        return migrated;
    }

    private long run(Batch batch) throws SQLException {
        long migrated = work(batch);
        if (migrated < 0) {
            throw new WorkRuleException(
                    "the work function '" + migration().definition().signature() + "' returned " + migrated
                            + "; it must return how many rows it changed");
        }
        return migrated;
    }

    /**
     * Calls the work function, and marks what it throws. Only that can be the fault of a row, and not what the engine's own statements
     * throw.
     */
    private long work(Batch batch) throws SQLException {
        try {
            return definition.function().migrate(definition.context(tx, table.target(), batch, job));
        } catch (InvalidDefinitionException | WorkRuleException e) {
            throw e;
        } catch (SQLException e) {
            throw WorkSqlException.isAuthors(e) ? new WorkSqlException(e) : e;
        } catch (Exception | AssertionError | StackOverflowError e) {
            // This includes checked exceptions, because other languages of the JVM throw them undeclared. A deeply
            // nested document in a row may exhaust the stack.
            throw new WorkFailedException(e);
        }
    }

    private List<String> pending(Batch batch, int limit) throws SQLException {
        return RowQueries.identities(tx, table, batch.and(this::pendingCondition), "", limit);
    }

    private List<String> stillPending(Batch batch, List<String> before) throws SQLException {
        return pending(batch, 1).isEmpty() ? List.of() : pending(ofRows(before), before.size());
    }

    /** Returns the condition that a row is pending. The rows of a retry are in quarantine themselves, so they are not left out there. */
    private String pendingCondition(String qualifier) {
        return table.treatment() == Treatment.RETRY ? table.pending(qualifier) : table.pendingOfOthers(qualifier);
    }

    private void stillPending(List<String> rows, String message) throws SQLException, QuarantineFullException {
        if (rows.isEmpty()) {
            return;
        }
        pending += rows.size();
        long listed = Math.min(SAMPLES, rows.size());
        if (table.treatment() == Treatment.REVISIT) {
            listed = Math.min(listed, room());
            if (listed == 0) {
                throw new QuarantineFullException();
            }
        }
        for (String row : rows.subList(0, (int) listed)) {
            failed.put(row, Failure.of(FailureCode.NO_PROGRESS, message));
        }
    }

    private Batch ofRows(List<String> rows) {
        return table.spared().of(rows);
    }

    /** Returns why rows could not be changed, one failure for each row that was quarantined. */
    List<Failure> failures() {
        return List.copyOf(failed.values());
    }

    private BatchedMigration migration() {
        return definition.migration();
    }
}
