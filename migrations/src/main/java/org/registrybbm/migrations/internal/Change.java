package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.Batch;
import org.registrybbm.migrations.BatchJob;
import org.registrybbm.migrations.BatchedMigration;
import org.registrybbm.migrations.Failure;
import org.registrybbm.migrations.FailureCode;
import org.registrybbm.migrations.InvalidDefinitionException;

/** The change of the rows of one sub-batch, inside its transaction: all at once, or around those that fail. */
final class Change {
    /** Why a row is listed that a verification found. */
    static final String STILL_NOT_DONE =
            "it was found not done after the last batch, and is still not done after another change";

    private static final int SAMPLES = 10;

    private final Connection tx;
    private final Definition definition;
    private final WalkedTable table;
    private final BatchJob job;
    private final Map<String, Failure> failed = new LinkedHashMap<>();
    private long pending;

    Change(Connection tx, @Nullable Definition definition, WalkedTable table, BatchJob job) {
        this.tx = tx;
        this.definition = Objects.requireNonNull(definition);
        this.table = table;
        this.job = job;
    }

    /**
     * What came of it.
     *
     * @param migrated rows that were changed
     * @param quarantined rows that were quarantined
     * @param pending rows that are not done although they were tried again; some of them are quarantined, as samples
     */
    record Outcome(long migrated, int quarantined, long pending) {
        static final Outcome NOTHING = new Outcome(0, 0, 0);
    }

    /** The quarantine holds as many rows as it may. */
    static final class QuarantineFullException extends Exception {
        private static final long serialVersionUID = 1L;
    }

    /** Changes all rows. */
    Outcome whole(Batch batch) throws SQLException, QuarantineFullException {
        List<String> sample =
                endsByTheWork() ? QuarantineQueries.identities(tx, table, table.toWork(batch), "", SAMPLES) : List.of();
        long migrated = migrate(batch);
        requireDone(sample, migrated);
        quarantine(null, Long.MAX_VALUE);
        return new Outcome(migrated, failed.size(), pending);
    }

    /**
     * Changes all rows but those that fail alone; these are quarantined.
     *
     * @throws QuarantineFullException when there are too many; as many as fit are quarantined, and nothing is changed
     */
    Outcome isolating(Batch batch) throws SQLException, QuarantineFullException {
        List<String> rows = QuarantineQueries.identities(tx, table, batch, " FOR NO KEY UPDATE", Integer.MAX_VALUE);
        requireFound(rows);
        Savepoint before = tx.setSavepoint();
        long free = migration().quarantineLimit()
                - QuarantineQueries.count(tx, migration().id());
        long migrated = rows.isEmpty() ? migrate(batch) : isolate(rows, Math.max(1, free));
        if (failed.isEmpty() && endsByTheWork()) {
            requireDone(rows.subList(0, Math.min(SAMPLES, rows.size())), migrated);
        }
        quarantine(before, free);
        return new Outcome(migrated, failed.size(), pending);
    }

    /** Rows that are not found again by what they are told apart by would be left out without a word. */
    private void requireFound(List<String> rows) throws SQLException {
        long found = rows.isEmpty() ? 0 : QuarantineQueries.count(tx, table, ofRows(rows));
        if (found != rows.size()) {
            throw new InvalidDefinitionException(
                    FailureCode.UNKNOWN,
                    "of " + rows.size() + " rows of " + table.target().table() + ", " + found
                            + " are found again by the key that should tell them apart, "
                            + table.spared().identity() + "; so those that fail cannot be told from the others."
                            + " Give the table a primary key of another type, or mend the rows that fail, and retry");
        }
    }

    /**
     * Changes nothing, and quarantines rows of which nobody can say whether they are done.
     *
     * @throws QuarantineFullException when there are too many; as many as fit are quarantined
     */
    Outcome settingAside(Map<String, Failure> rows) throws SQLException, QuarantineFullException {
        failed.putAll(rows);
        quarantine(tx.setSavepoint(), room());
        return new Outcome(0, failed.size(), 0);
    }

    /** Returns whether only the work itself brings the end nearer, so that it would never come where the work does nothing. */
    private boolean endsByTheWork() {
        return table.kind() == Walk.Kind.CHANGE && !(definition.strategy() instanceof KeysetBatching);
    }

    /** Some of the rows, as they were told apart before the work: none of them may be as it was. */
    private void requireDone(List<String> sample, long migrated) throws SQLException {
        if (sample.isEmpty()) {
            return;
        }
        // Of a row without a key only the version is known, and work that leaves it undone may have made another one.
        // Nobody else can have done those that the strategy has locked.
        boolean locked = definition.strategy() instanceof PredicateBatching
                || definition.strategy().scans(table);
        boolean nothing = migrated == 0 && locked && table.spared().identity().isVersion();
        if (nothing || pending(ofRows(sample)).size() == sample.size()) {
            throw new InvalidDefinitionException(
                    FailureCode.NO_PROGRESS,
                    "the work function '" + migration().signature() + "' was given rows of "
                            + table.target().table() + " where " + table.pending()
                            + ", and that is still true of them; it would run for ever");
        }
    }

    /** Halves the rows until those that fail are alone. */
    private long isolate(List<String> rows, long atMost) throws SQLException, QuarantineFullException {
        if (failed.size() > atMost) {
            return 0;
        }
        Savepoint before = tx.setSavepoint();
        try {
            long migrated = migrate(ofRows(rows));
            // A deferred constraint would fail at the commit, where nobody can tell which row it was.
            Sql.run(tx, "SET CONSTRAINTS ALL IMMEDIATE");
            tx.releaseSavepoint(before);
            return migrated;
        } catch (SQLException | WorkFailedException e) {
            if (!SqlFailures.mayBeOfRow(e)) {
                throw e;
            }
            tx.rollback(before);
            if (!SqlFailures.isDataError(e) && !runsWithoutRows(before)) {
                throw e;
            }
            if (rows.size() == 1) {
                failed.put(rows.get(0), SqlFailures.describe(FailureCode.UNKNOWN, e));
                return 0;
            }
            int half = rows.size() / 2;
            return isolate(rows.subList(0, half), atMost) + isolate(rows.subList(half, rows.size()), atMost);
        }
    }

    /** What the statement itself is to blame for, as for a table that is gone, fails without any row too. */
    private boolean runsWithoutRows(Savepoint before) throws SQLException {
        try {
            work(ofRows(List.of()));
            return true;
        } catch (SQLException | RuntimeException e) {
            return false;
        } finally {
            tx.rollback(before);
        }
    }

    /**
     * Lists the rows that failed; where there are too many, those that fit, and undoes everything else.
     *
     * @param looked how much room there was when they were looked for: where more failed, the others were not tried
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
        // The rollback gave up the turn as well, and another worker may have listed rows since.
        int listed = full ? (int) Math.min(room(), rows.size()) : rows.size();
        for (Map.Entry<String, Failure> row : rows.subList(0, listed)) {
            QuarantineQueries.quarantine(tx, table, job.id(), row.getKey(), row.getValue());
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

    /** Waits until no other worker lists rows of the migration, and returns how many more may be listed. */
    private long room() throws SQLException {
        QuarantineQueries.takeTurn(tx, migration().id());
        return Math.max(
                0,
                migration().quarantineLimit()
                        - QuarantineQueries.count(tx, migration().id()));
    }

    private long migrate(Batch batch) throws SQLException, QuarantineFullException {
        if (table.kind() == Walk.Kind.CHANGE || table.pendingRows().isEmpty()) {
            return run(table.toWork(batch));
        }
        // What somebody did by hand, or the application by now, is not done again.
        Set<String> before = new HashSet<>(pending(batch));
        if (before.isEmpty()) {
            return 0;
        }
        long migrated = run(batch.and(this::pendingCondition));
        // Rows that the application has put in meanwhile are not to be judged.
        stillPending(
                pending(batch).stream().filter(before::contains).toList(),
                table.kind() == Walk.Kind.RETRY ? "it is still not done after it was tried again" : STILL_NOT_DONE);
        return migrated;
    }

    private long run(Batch batch) throws SQLException {
        long migrated = work(batch);
        if (migrated < 0) {
            throw new WorkRuleException("the work function '" + migration().signature() + "' returned " + migrated
                    + "; it must return how many rows it changed");
        }
        return migrated;
    }

    /** Tells what the work function throws from what the engine does: only the former can be a row's fault. */
    private long work(Batch batch) throws SQLException {
        try {
            return definition.function().migrate(definition.context(tx, table.target(), batch));
        } catch (InvalidDefinitionException | WorkRuleException e) {
            throw e;
        } catch (SQLException e) {
            throw WorkSqlException.isAuthors(e) ? new WorkSqlException(e) : e;
        } catch (Exception | AssertionError | StackOverflowError e) {
            // Checked ones too: other languages of the JVM throw them undeclared. A deep document in a row exhausts the
            // stack.
            throw new WorkFailedException(e);
        }
    }

    private List<String> pending(Batch batch) throws SQLException {
        return QuarantineQueries.identities(tx, table, batch.and(this::pendingCondition), "", Integer.MAX_VALUE);
    }

    /** The rows of a retry are in quarantine themselves. */
    private String pendingCondition(String qualifier) {
        return table.kind() == Walk.Kind.RETRY ? table.pending(qualifier) : table.pendingOfOthers(qualifier);
    }

    private void stillPending(List<String> rows, String message) throws SQLException, QuarantineFullException {
        if (rows.isEmpty()) {
            return;
        }
        pending += rows.size();
        long listed = Math.min(SAMPLES, rows.size());
        if (table.kind() == Walk.Kind.VERIFY) {
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

    /** Why rows could not be changed, one for each that was quarantined. */
    List<Failure> failures() {
        return List.copyOf(failed.values());
    }

    private BatchedMigration migration() {
        return definition.migration();
    }
}
