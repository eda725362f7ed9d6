package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.Batch;
import org.registrybbm.migrations.BatchJob;
import org.registrybbm.migrations.BatchedMigration;
import org.registrybbm.migrations.Failure;
import org.registrybbm.migrations.FailureCode;

/** The change of the rows of one sub-batch, inside its transaction: all at once, or around those that fail. */
final class Change {
    private static final int SAMPLES = 10;

    private final Connection tx;
    private final Definition definition;
    private final WalkedTable table;
    private final BatchJob job;
    private final Map<String, Failure> failed = new LinkedHashMap<>();

    Change(Connection tx, @Nullable Definition definition, WalkedTable table, BatchJob job) {
        this.tx = tx;
        this.definition = Objects.requireNonNull(definition);
        this.table = table;
        this.job = job;
    }

    /** How many rows were changed and how many were quarantined. */
    record Outcome(long migrated, int quarantined) {}

    /** The quarantine holds as many rows as it may. */
    static final class QuarantineFullException extends Exception {
        private static final long serialVersionUID = 1L;
    }

    /** Changes all rows. */
    Outcome whole(Batch batch) throws SQLException, QuarantineFullException {
        long migrated = migrate(batch);
        quarantine(null);
        return new Outcome(migrated, failed.size());
    }

    /**
     * Changes all rows but those that fail alone; these are quarantined.
     *
     * @throws QuarantineFullException when there are too many; as many as fit are quarantined, and nothing is changed
     */
    Outcome isolating(Batch batch) throws SQLException, QuarantineFullException {
        List<String> rows = QuarantineQueries.identities(tx, table, batch, " FOR NO KEY UPDATE", Integer.MAX_VALUE);
        Savepoint before = tx.setSavepoint();
        long free = migration().quarantineLimit()
                - QuarantineQueries.count(tx, migration().id());
        long migrated = rows.isEmpty() ? migrate(batch) : isolate(rows, Math.max(1, free));
        quarantine(failed.size() > free ? before : null);
        return new Outcome(migrated, failed.size());
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
        } catch (SQLException e) {
            if (!SqlFailures.isDataError(e)) {
                throw e;
            }
            tx.rollback(before);
            if (rows.size() == 1) {
                failed.put(rows.get(0), SqlFailures.describe(FailureCode.UNKNOWN, e));
                return 0;
            }
            int half = rows.size() / 2;
            return isolate(rows.subList(0, half), atMost) + isolate(rows.subList(half, rows.size()), atMost);
        }
    }

    private void quarantine(@Nullable Savepoint undo) throws SQLException, QuarantineFullException {
        if (undo != null) {
            tx.rollback(undo);
        }
        int room = undo == null
                ? Integer.MAX_VALUE
                : (int) Math.max(
                        0,
                        migration().quarantineLimit()
                                - QuarantineQueries.count(tx, migration().id()));
        List<Map.Entry<String, Failure>> rows = new ArrayList<>(failed.entrySet());
        for (Map.Entry<String, Failure> row : rows.subList(0, Math.min(room, rows.size()))) {
            QuarantineQueries.quarantine(tx, table, job.id(), row.getKey(), row.getValue());
        }
        if (!rows.isEmpty()) {
            EventQueries.record(
                    tx,
                    migration().id(),
                    job.id(),
                    job.leaseOwner(),
                    new EventQueries.Event(
                            "quarantined",
                            null,
                            (long) Math.min(room, rows.size()),
                            rows.get(0).getValue().message()));
        }
        if (undo != null) {
            throw new QuarantineFullException();
        }
    }

    private long migrate(Batch batch) throws SQLException, QuarantineFullException {
        if (table.kind() == Walk.Kind.CHANGE) {
            return run(batch);
        }
        if (table.kind() == Walk.Kind.RETRY) {
            // Somebody may have mended the row by doing the work on it.
            long migrated = run(table.pendingOf(batch));
            stillPending(batch, "it is still not done after it was tried again");
            return migrated;
        }
        if (pending(batch) == 0) {
            return 0;
        }
        long migrated = run(table.pendingOf(batch));
        stillPending(batch, "it was found not done after the last batch, and is still not done after another change");
        return migrated;
    }

    private long run(Batch batch) throws SQLException {
        long migrated = definition.function().migrate(definition.context(tx, table.target(), batch));
        if (migrated < 0) {
            throw new IllegalStateException("the work function '" + migration().signature() + "' returned " + migrated
                    + "; it must return how many rows it changed");
        }
        return migrated;
    }

    private long pending(Batch batch) throws SQLException {
        return Sql.one(
                tx,
                "SELECT count(*) AS pending FROM " + table.target().table() + " WHERE "
                        + table.pendingOf(batch).predicate(),
                row -> row.getLong("pending"));
    }

    private void stillPending(Batch batch, String message) throws SQLException, QuarantineFullException {
        if (table.pendingRows().isEmpty() || pending(batch) == 0) {
            return;
        }
        if (table.kind() == Walk.Kind.VERIFY
                && QuarantineQueries.count(tx, migration().id()) >= migration().quarantineLimit()) {
            throw new QuarantineFullException();
        }
        Batch left = table.pendingOf(batch);
        for (String row : QuarantineQueries.identities(tx, table, left, "", SAMPLES)) {
            failed.put(row, Failure.of(FailureCode.NO_PROGRESS, message));
        }
    }

    private Batch ofRows(List<String> rows) {
        RowIdentity identity = table.spared().identity();
        return new Batch(
                qualifier -> identity.predicate(rows.stream().map(Keys::parse).toList(), qualifier));
    }

    /** Why rows could not be changed, one for each that was quarantined. */
    List<Failure> failures() {
        return List.copyOf(failed.values());
    }

    private BatchedMigration migration() {
        return definition.migration();
    }
}
