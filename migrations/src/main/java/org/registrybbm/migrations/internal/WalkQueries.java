package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.Key;

/** Statements on {@code batched_background_migration_walks}. */
final class WalkQueries {
    private static final String COLUMNS = """
            w.id, w.table_oid::bigint AS table_oid, w.kind, w.pass, w.cut_key::text AS cut_key, w.cut_tuple_count,
            w.only_table
            """;

    private static final String FIND = "SELECT " + COLUMNS + """
            FROM batched_background_migration_walks w
            WHERE w.id = ?
            """;

    private static final String ALL = "SELECT " + COLUMNS + """
            FROM batched_background_migration_walks w
            WHERE w.batched_background_migration_id = ?
                AND w.kind = ?
                AND w.pass = ?
            ORDER BY w.id
            """;

    private static final String COVERING = "SELECT " + COLUMNS + """
            FROM batched_background_migration_walks w
            WHERE w.batched_background_migration_id = ?
                AND w.kind <> 'retry'
            ORDER BY w.id
            """;

    private static final String LAST_PASS = """
            SELECT coalesce(max(pass), 0) AS pass
            FROM batched_background_migration_walks
            WHERE batched_background_migration_id = ?
                AND kind = ?
            """;

    private static final String TO_CUT = "SELECT " + COLUMNS + """
            FROM batched_background_migration_walks w
            WHERE w.batched_background_migration_id = ?
                AND NOT w.cut_whole
            ORDER BY w.id
            """;

    private static final String OPEN = """
            INSERT INTO batched_background_migration_walks
                (batched_background_migration_id, table_oid, table_name, kind, pass, only_table)
            VALUES (?, ?::oid, ?, ?, ?, ?)
            ON CONFLICT DO NOTHING
            """;

    private static final String MOVE_TABLE = """
            UPDATE batched_background_migration_walks
            SET table_oid = ?::oid,
                table_name = ?
            WHERE id = ?
            """;

    private static final String MOVE_CUT = """
            UPDATE batched_background_migration_walks
            SET cut_key = ?::jsonb,
                cut_whole = ?,
                cut_tuple_count = ?
            WHERE id = ?
            """;

    private static final String HAS_FOREIGN_JOBS = """
            SELECT EXISTS (
                SELECT
                FROM batched_background_migration_jobs
                WHERE batched_background_migration_id = ?
                    AND walk_id IS NULL
            ) AS found
            """;

    private static final String FORGET = """
            WITH forgotten AS (
                DELETE FROM batched_background_migration_walks
                WHERE batched_background_migration_id = ?
                    AND (kind = 'verify' OR kind = 'change' AND pass > 1)
                RETURNING id
            )
            DELETE FROM batched_background_migration_jobs
            WHERE walk_id IN (SELECT id FROM forgotten)
            """;

    private WalkQueries() {}

    static Optional<Walk> find(Connection connection, long id) throws SQLException {
        return Sql.first(connection, FIND, WalkQueries::walk, id);
    }

    /** Returns the walks of one pass of a kind. */
    static List<Walk> all(Connection connection, long migrationId, Walk.Kind kind, int pass) throws SQLException {
        return Sql.list(connection, ALL, WalkQueries::walk, migrationId, kind.word(), pass);
    }

    /** Returns the walks whose batch jobs together cover the whole table. */
    static List<Walk> covering(Connection connection, long migrationId) throws SQLException {
        return Sql.list(connection, COVERING, WalkQueries::walk, migrationId);
    }

    /** Returns the number of the last pass of a kind, or 0. */
    static int lastPass(Connection connection, long migrationId, Walk.Kind kind) throws SQLException {
        return Sql.one(connection, LAST_PASS, row -> row.getInt("pass"), migrationId, kind.word());
    }

    /** Returns the walks that batch jobs do not cover yet. */
    static List<Walk> toCut(Connection connection, long migrationId) throws SQLException {
        return Sql.list(connection, TO_CUT, WalkQueries::walk, migrationId);
    }

    /** Opens a walk where there is none. */
    static void open(Connection connection, long migrationId, Target table, Walk.Kind kind, int pass, boolean onlyTable)
            throws SQLException {
        Sql.update(connection, OPEN, migrationId, table.oid(), table.table(), kind.word(), pass, onlyTable);
    }

    /** Goes on with another table of the same name. */
    static void moveTo(Connection connection, Walk walk, Target table) throws SQLException {
        Sql.update(connection, MOVE_TABLE, table.oid(), table.table(), walk.id());
    }

    /** Notes how far a walk is cut. */
    static void moveCut(Connection connection, Walk walk, @Nullable Key key, boolean whole, long rows)
            throws SQLException {
        Sql.update(connection, MOVE_CUT, Keys.write(key), whole, rows, walk.id());
    }

    /** Returns whether a migration has batch jobs that the container registry made. */
    static boolean hasForeignJobs(Connection connection, long migrationId) throws SQLException {
        return Sql.one(connection, HAS_FOREIGN_JOBS, row -> row.getBoolean("found"), migrationId);
    }

    /** Forgets the walks that looked for rows which are not done, with their batch jobs, so that they are looked for again. */
    static void forgetProof(Connection connection, long migrationId) throws SQLException {
        Sql.update(connection, FORGET, migrationId);
    }

    private static Walk walk(ResultSet row) throws SQLException {
        return new Walk(
                row.getLong("id"),
                row.getLong("table_oid"),
                Walk.Kind.of(row.getString("kind")),
                row.getInt("pass"),
                Keys.read(row.getString("cut_key")),
                row.getLong("cut_tuple_count"),
                row.getBoolean("only_table"));
    }
}
