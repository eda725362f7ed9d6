package org.registrybbm.migrations.internal.quarantine;

import com.fasterxml.jackson.databind.JsonNode;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.internal.catalog.KeyJson;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.jdbc.AdvisoryKeys;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/** Statements on {@code batched_background_migration_quarantined_rows}. */
public final class QuarantineQueries {
    /**
     * The reason that is recorded for a row that a later pass found. The text is stored, and rows are counted by it, so it never changes.
     */
    public static final String STILL_NOT_DONE =
            "it was found not done after the last batch, and is still not done after another change";

    // The lock lasts until the transaction ends, so that nobody counts while another transaction has listed rows but
    // not committed them.
    private static final String TAKE_TURN = """
            SELECT pg_advisory_xact_lock(%s)
            """.formatted(AdvisoryKeys.of("quarantine rows", "?"));

    private static final String COUNT = """
            SELECT count(*) AS rows
            FROM batched_background_migration_quarantined_rows
            WHERE batched_background_migration_id = ?
                AND status = 'quarantined'
            """;

    // When a verification finds rows not done after another change, the batch jobs count all of them, and only some are
    // listed here.
    private static final String LEFT = """
            SELECT q.quarantined, q.retrying, q.samples, coalesce(j.pending, 0) AS pending
            FROM (
                SELECT count(*) FILTER (WHERE status = 'quarantined') AS quarantined,
                    count(*) FILTER (WHERE status = 'retrying') AS retrying,
                    count(*) FILTER (WHERE status = 'quarantined' AND failure_message = ?) AS samples
                FROM batched_background_migration_quarantined_rows
                WHERE batched_background_migration_id = ?
            ) AS q
            CROSS JOIN (
                SELECT sum(pending_tuple_count) AS pending
                FROM batched_background_migration_jobs
                WHERE walk_id IN (
                    SELECT id
                    FROM batched_background_migration_walks
                    WHERE batched_background_migration_id = ?
                        AND kind = 'change'
                        AND pass > 1
                        AND pass = (
                            SELECT max(pass)
                            FROM batched_background_migration_walks
                            WHERE batched_background_migration_id = ?
                                AND kind = 'change'
                        )
                )
            ) AS j
            """;

    // The row is locked, so that whoever waives it meanwhile waits for the result of the retry.
    private static final String NEXT_TO_RETRY = """
            SELECT id, row_key::text AS row_key
            FROM batched_background_migration_quarantined_rows
            WHERE batched_background_migration_id = ?
                AND table_oid = ?::oid
                AND status = 'retrying'
                AND id > ?
            ORDER BY id
            LIMIT 1
            FOR NO KEY UPDATE
            """;

    private static final String TABLES_TO_RETRY = """
            SELECT DISTINCT table_oid::bigint AS table_oid
            FROM batched_background_migration_quarantined_rows
            WHERE batched_background_migration_id = ?
                AND status = 'retrying'
            ORDER BY 1
            """;

    private static final String QUARANTINE = """
            INSERT INTO batched_background_migration_quarantined_rows
                (batched_background_migration_id, batched_background_migration_job_id, table_oid, table_name, row_key,
                 failure_class, failure_sqlstate, failure_message)
            VALUES (?, ?, ?::oid, ?, ?::jsonb, ?, ?, ?)
            ON CONFLICT ON CONSTRAINT unique_batched_background_migration_quarantined_rows DO UPDATE
            SET status = 'quarantined',
                attempts = batched_background_migration_quarantined_rows.attempts + 1,
                batched_background_migration_job_id = excluded.batched_background_migration_job_id,
                failure_class = excluded.failure_class,
                failure_sqlstate = excluded.failure_sqlstate,
                failure_message = excluded.failure_message,
                quarantined_at = now(),
                settled_at = NULL
            """;

    private static final String DONE = """
            UPDATE batched_background_migration_quarantined_rows
            SET status = 'done',
                settled_at = now()
            WHERE id = ?
                AND status = 'retrying'
            """;

    private static final String LOST = """
            UPDATE batched_background_migration_quarantined_rows
            SET status = 'quarantined',
                attempts = attempts + 1,
                failure_message = ?
            WHERE id = ?
                AND status = 'retrying'
            """;

    private static final String RETRY = """
            UPDATE batched_background_migration_quarantined_rows
            SET status = 'retrying'
            WHERE batched_background_migration_id = ?
                AND status = 'quarantined'
            """;

    private static final String WAIVE = """
            UPDATE batched_background_migration_quarantined_rows
            SET status = 'waived',
                waived_by = ?,
                waived_reason = ?,
                settled_at = now()
            WHERE batched_background_migration_id = ?
                AND status IN ('quarantined', 'retrying')
                AND (cardinality(?::bigint[]) = 0 OR id = ANY (?::bigint[]))
            """;

    private QuarantineQueries() {}

    /** A row that is to be tried again. */
    public record Row(long id, JsonNode key) {}

    /** Waits until no other transaction lists rows of a migration. */
    public static void takeTurn(Connection connection, long migrationId) throws SQLException {
        Jdbc.list(connection, TAKE_TURN, row -> true, migrationId);
    }

    /** Counts the rows that wait for a person. */
    public static long count(Connection connection, long migrationId) throws SQLException {
        return Jdbc.one(connection, COUNT, row -> row.getLong("rows"), migrationId);
    }

    /**
     * The rows that keep a migration from being finished.
     *
     * @param quarantined rows that wait for a person
     * @param retrying rows that are to be tried again but whose partition no longer belongs to the migration's table
     * @param samples those of the quarantined rows that are still not done although the work ran on them without an error
     * @param pending how many rows of that kind there are; only some of them are quarantined
     */
    public record Left(long quarantined, long retrying, long samples, long pending) {
        /** Returns whether more rows stay as they are, whatever is done, than the quarantine shows. */
        public boolean areSwallowed() {
            return samples > 0 && pending > samples;
        }
    }

    public static Left left(Connection connection, long migrationId) throws SQLException {
        return Jdbc.one(
                connection,
                LEFT,
                row -> new Left(
                        row.getLong("quarantined"),
                        row.getLong("retrying"),
                        row.getLong("samples"),
                        row.getLong("pending")),
                STILL_NOT_DONE,
                migrationId,
                migrationId,
                migrationId);
    }

    public static Optional<Row> nextToRetry(Connection connection, long migrationId, long table, long after)
            throws SQLException {
        return Jdbc.first(
                connection,
                NEXT_TO_RETRY,
                row -> new Row(row.getLong("id"), KeyJson.parse(row.getString("row_key"))),
                migrationId,
                table,
                after);
    }

    public static List<Long> tablesToRetry(Connection connection, long migrationId) throws SQLException {
        return Jdbc.list(connection, TABLES_TO_RETRY, row -> row.getLong("table_oid"), migrationId);
    }

    /**
     * A row that could not be changed.
     *
     * @param row the identity of the row, as a JSON text
     */
    public record Listed(long jobId, String row, Failure failure) {}

    /** Puts a row of a table into quarantine. */
    public static void quarantine(Connection connection, long migrationId, TargetTable table, Listed listed)
            throws SQLException {
        Jdbc.update(
                connection,
                QUARANTINE,
                migrationId,
                listed.jobId(),
                table.oid(),
                table.table(),
                listed.row(),
                listed.failure().errorClass(),
                listed.failure().sqlState(),
                listed.failure().message());
    }

    public static void done(Connection connection, long id) throws SQLException {
        Jdbc.update(connection, DONE, id);
    }

    /** Puts a row back into quarantine that can no longer be found, so that a person decides about it. */
    public static void lost(Connection connection, long id, String message) throws SQLException {
        Jdbc.update(connection, LOST, message, id);
    }

    /** Marks the quarantined rows of a migration to be tried again, and returns how many there are. */
    public static long retry(Connection connection, long migrationId) throws SQLException {
        return Jdbc.update(connection, RETRY, migrationId);
    }

    /** Waives rows; no ids mean all rows of the migration. */
    public static long waive(Connection connection, long migrationId, List<Long> ids, String by, String reason)
            throws SQLException {
        Long[] array = ids.toArray(Long[]::new);
        return Jdbc.update(connection, WAIVE, by, reason, migrationId, array, array);
    }
}
