package org.registrybbm.migrations.internal.walk;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.catalog.KeyJson;
import org.registrybbm.migrations.internal.catalog.KeyOrder;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.model.Key;

/** Statements on {@code batched_background_migration_walks}. */
public final class WalkQueries {
    /** The definition of the migration {@code m}, without its bounds, which may be moved. */
    static final String DEFINITION = """
            jsonb_build_object(
                'table', m.table_name, 'column', m.column_name, 'strategy', m.batching_strategy,
                'signature', m.job_signature_name, 'arguments', m.arguments
            )
            """;

    public static final String COLUMNS = """
            w.id, w.table_oid::bigint AS table_oid, w.table_name, w.kind, w.pass, w.cut_key::text AS cut_key,
            w.cut_tuple_count, w.only_table
            """;

    private static final String IS_EDITED = """
            SELECT EXISTS (
                SELECT
                FROM batched_background_migration_walks w
                JOIN batched_background_migrations m ON m.id = w.batched_background_migration_id
                WHERE w.id = ?
                    AND ((w.definition - '{key, order}'::text[]) <>
            """ + DEFINITION + """
                        OR
            """ + KeyOrder.CHANGED + """
                    )
            ) AS edited
            """;

    private static final String IS_BEGUN = """
            SELECT EXISTS (
                SELECT
                FROM batched_background_migration_jobs
                WHERE batched_background_migration_id = ?
                    AND (status = 2 OR covered_tuple_count > 0)
            ) AS found
            """;

    private static final String FORGET_ALL = """
            WITH forgotten AS (
                DELETE FROM batched_background_migration_walks
                WHERE batched_background_migration_id = ?
                RETURNING batched_background_migration_id
            )
            DELETE FROM batched_background_migration_jobs
            WHERE batched_background_migration_id IN (SELECT batched_background_migration_id FROM forgotten)
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

    private static final String OPENED = """
            SELECT table_oid::bigint AS table_oid, table_name, only_table
            FROM batched_background_migration_walks
            WHERE batched_background_migration_id = ?
                AND kind = ?
                AND pass = ?
            """;

    // Because of the ORDER BY, PostgreSQL finds the row by an index.
    private static final String FIRST_OPENED = """
            SELECT table_oid::bigint AS table_oid, table_name, only_table
            FROM batched_background_migration_walks
            WHERE batched_background_migration_id = ?
                AND kind = 'change'
                AND pass = 1
            ORDER BY batched_background_migration_walks.table_oid
            LIMIT 1
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
                AND w.id > ?
                AND NOT w.cut_whole
            ORDER BY w.id
            LIMIT ?
            """;

    private static final String OPEN = """
            INSERT INTO batched_background_migration_walks
                (batched_background_migration_id, contiguous, kind, pass, only_table, cut_whole, origin, table_oid, table_name,
                 definition)
            SELECT m.id, true, walk.kind, walk.pass, walk.only_table, walk.skips AND pg_relation_size(of.oid) = 0,
                walk.origin, of.oid, of.name,
            """ + DEFINITION + """
                || jsonb_build_object('key', walk.key, 'order',
            """ + KeyOrder.of("of.oid", "walk.key") + """
                )
            FROM batched_background_migrations m
            CROSS JOIN (
                VALUES (?::text, ?::integer, ?::boolean, ?::boolean, ?::text, ?::jsonb)
            ) AS walk (kind, pass, only_table, skips, origin, key)
            CROSS JOIN unnest(?::oid[], ?::text[]) AS of (oid, name)
            WHERE m.id = ?
            ORDER BY of.oid
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
                    AND kind = 'verify'
                RETURNING id
            )
            DELETE FROM batched_background_migration_jobs
            WHERE walk_id IN (SELECT id FROM forgotten)
            """;

    private static final String IS_OVER_WHOLE = """
            SELECT EXISTS (
                SELECT
                FROM batched_background_migration_walks
                WHERE batched_background_migration_id = ?
                    AND kind = 'change'
                    AND pass = 1
                    AND only_table
            ) AS found
            """;

    private static final int TABLES_AT_ONCE = 1_000;

    private WalkQueries() {}

    /** Returns whether any batch job of a migration has committed anything. */
    static boolean isBegun(Connection connection, long migrationId) throws SQLException {
        return Jdbc.one(connection, IS_BEGUN, row -> row.getBoolean("found"), migrationId);
    }

    /** Deletes every walk with its batch jobs, so that the migration starts again. */
    static void forgetAll(Connection connection, long migrationId) throws SQLException {
        Jdbc.update(connection, FORGET_ALL, migrationId);
    }

    static Optional<Walk> find(Connection connection, long id) throws SQLException {
        return Jdbc.first(connection, FIND, WalkQueries::walk, id);
    }

    /** Returns whether the definition of a migration, or the order of its key, has changed since a walk of it was begun. */
    static boolean isEdited(Connection connection, long id) throws SQLException {
        return Jdbc.one(connection, IS_EDITED, row -> row.getBoolean("edited"), id);
    }

    /** Returns the walks of one pass of one kind. */
    public static List<Walk> all(Connection connection, long migrationId, Walk.Kind kind, int pass)
            throws SQLException {
        return Jdbc.list(connection, ALL, WalkQueries::walk, migrationId, kind.word(), pass);
    }

    /** Returns the number of the last pass of one kind, or 0 if there is none. */
    public static int lastPass(Connection connection, long migrationId, Walk.Kind kind) throws SQLException {
        return Jdbc.one(connection, LAST_PASS, row -> row.getInt("pass"), migrationId, kind.word());
    }

    /** A table that has a walk, under the name that it had when the name was last looked up. */
    record Opened(long table, String name, boolean onlyTable) {}

    /** Returns the tables of one pass of one kind. */
    static List<Opened> opened(Connection connection, long migrationId, Walk.Kind kind, int pass) throws SQLException {
        return Jdbc.list(connection, OPENED, WalkQueries::opened, migrationId, kind.word(), pass);
    }

    /**
     * Returns one table of the first pass; empty if nothing was begun. If there are several, either all or none of them are the migration's
     * own table.
     */
    static Optional<Opened> firstOpened(Connection connection, long migrationId) throws SQLException {
        return Jdbc.first(connection, FIRST_OPENED, WalkQueries::opened, migrationId);
    }

    private static Opened opened(ResultSet row) throws SQLException {
        return new Opened(row.getLong("table_oid"), row.getString("table_name"), row.getBoolean("only_table"));
    }

    /** Returns walks that batch jobs do not cover yet: the first ones with an id greater than {@code after}; empty if there are no more. */
    public static List<Walk> toCut(Connection connection, long migrationId, long after, int most) throws SQLException {
        return Jdbc.list(connection, TO_CUT, WalkQueries::walk, migrationId, after, most);
    }

    /**
     * Walks to be opened.
     *
     * @param onlyTable whether they go over the migration's own table and not over partitions of it
     * @param skipsEmpty whether a partition without a block gets no batch job now; if it has rows when everything else is done, it gets one
     *     then
     */
    record Opening(Walk.Kind kind, int pass, boolean onlyTable, boolean skipsEmpty) {}

    /** Opens walks over tables with the same key, if they have none yet. */
    static void open(Connection connection, long migrationId, List<TargetTable> tables, Opening opening)
            throws SQLException {
        for (int first = 0; first < tables.size(); first += TABLES_AT_ONCE) {
            List<TargetTable> some = tables.subList(first, Math.min(tables.size(), first + TABLES_AT_ONCE));
            Jdbc.update(
                    connection,
                    OPEN,
                    opening.kind().word(),
                    opening.pass(),
                    opening.onlyTable(),
                    opening.skipsEmpty(),
                    Origin.of(connection),
                    some.get(0).key().json(),
                    some.stream().map(TargetTable::oid).toArray(Long[]::new),
                    some.stream().map(TargetTable::table).toArray(String[]::new),
                    migrationId);
        }
    }

    /** Makes a walk continue on another table of the same name. */
    static void moveTo(Connection connection, Walk walk, TargetTable table) throws SQLException {
        Jdbc.update(connection, MOVE_TABLE, table.oid(), table.table(), walk.id());
    }

    /** Stores how far a walk is cut. */
    public static void moveCut(Connection connection, Walk walk, @Nullable Key key, boolean whole, long rows)
            throws SQLException {
        Jdbc.update(connection, MOVE_CUT, KeyJson.write(key), whole, rows, walk.id());
    }

    /** Returns whether a migration has batch jobs that the container registry made. */
    static boolean hasForeignJobs(Connection connection, long migrationId) throws SQLException {
        return Jdbc.one(connection, HAS_FOREIGN_JOBS, row -> row.getBoolean("found"), migrationId);
    }

    /** Returns whether a migration's first pass goes over its table as a whole and not over the partitions. */
    static boolean isOverWhole(Connection connection, long migrationId) throws SQLException {
        return Jdbc.one(connection, IS_OVER_WHOLE, row -> row.getBoolean("found"), migrationId);
    }

    /** Deletes finished and unfinished proofs, so that another proof is made. */
    public static void forgetProof(Connection connection, long migrationId) throws SQLException {
        Jdbc.update(connection, FORGET, migrationId);
    }

    public static Walk walk(ResultSet row) throws SQLException {
        return new Walk(
                row.getLong("id"),
                row.getLong("table_oid"),
                row.getString("table_name"),
                Walk.Kind.of(row.getString("kind")),
                row.getInt("pass"),
                KeyJson.read(row.getString("cut_key")),
                row.getLong("cut_tuple_count"),
                row.getBoolean("only_table"));
    }
}
