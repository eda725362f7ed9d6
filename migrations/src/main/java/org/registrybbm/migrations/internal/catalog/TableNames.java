package org.registrybbm.migrations.internal.catalog;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/** Statements on the object ids and names of tables that a migration's walks and quarantined rows hold. */
public final class TableNames {
    private static final String KNOWN = """
            SELECT table_oid::bigint AS table_oid, table_name
            FROM batched_background_migration_walks
            WHERE batched_background_migration_id = ?
            UNION
            SELECT table_oid::bigint, table_name
            FROM batched_background_migration_quarantined_rows
            WHERE batched_background_migration_id = ?
            ORDER BY 1, 2
            """;

    // %s is the table. PostgreSQL hands out object ids from the bottom up, so ids at the top belong to no table, and no
    // two rows share one.
    private static final String UNSETTLE = """
            UPDATE %s
            SET table_oid = (4294967295 - id)::oid
            WHERE batched_background_migration_id = ?
                AND table_oid = ?::oid
                AND table_name = ?
            """;

    private static final String SETTLE = """
            UPDATE %s
            SET table_oid = ?::oid,
                table_name = ?
            WHERE batched_background_migration_id = ?
                AND table_oid = (4294967295 - id)::oid
                AND table_name = ?
            """;

    // %s is the table.
    private static final String RENAME = """
            UPDATE %s named
            SET table_name = now.name
            FROM unnest(?::oid[], ?::text[]) AS now (oid, name)
            WHERE named.batched_background_migration_id = ?
                AND named.table_oid = now.oid
                AND named.table_name <> now.name
            """;

    // Renaming a schema renames all of its tables.
    private static final int TABLES_AT_ONCE = 1_000;

    // %s is the table. Reading no rows of it takes the lock that reading takes, and locks none of its partitions.
    private static final String IS_KEPT = """
            SELECT to_regclass(?)::oid = ?::oid AS kept
            FROM (SELECT count(*) FROM (SELECT FROM ONLY %s LIMIT 0) nothing) locked
            """;

    private static final List<String> TABLES =
            List.of("batched_background_migration_walks", "batched_background_migration_quarantined_rows");

    private TableNames() {}

    /** The object id and name of a table as the rows of a migration hold them. */
    public record Known(long oid, String name) {}

    public static List<Known> known(Connection connection, long migrationId) throws SQLException {
        return Jdbc.list(
                connection,
                KNOWN,
                row -> new Known(row.getLong("table_oid"), row.getString("table_name")),
                migrationId,
                migrationId);
    }

    /**
     * Keeps a table from being dropped, renamed or rewritten, and its partitions from being detached, until the transaction ends. Returns
     * whether its name still leads to the object id that was found by that name. If it does not, whatever the catalogue said about that
     * object id is about no table or about another one.
     */
    public static boolean isKept(Connection connection, TargetTable target) throws SQLException {
        return Jdbc.one(
                connection,
                IS_KEPT.formatted(target.table()),
                row -> row.getBoolean("kept"),
                target.table(),
                target.oid());
    }

    /**
     * Updates the stored names of tables to their current names. After a dump is restored into another database, only names find the tables
     * again.
     */
    public static void rename(Connection connection, long migrationId, List<TargetTable> tables) throws SQLException {
        for (int first = 0; first < tables.size(); first += TABLES_AT_ONCE) {
            List<TargetTable> some = tables.subList(first, Math.min(tables.size(), first + TABLES_AT_ONCE));
            for (String each : TABLES) {
                Jdbc.update(
                        connection,
                        RENAME.formatted(each),
                        some.stream().map(TargetTable::oid).toArray(Long[]::new),
                        some.stream().map(TargetTable::table).toArray(String[]::new),
                        migrationId);
            }
        }
    }

    /** Replaces the object id of a table in all rows that name it by ids that belong to no table. */
    public static void unsettle(Connection connection, long migrationId, Known table) throws SQLException {
        for (String each : TABLES) {
            Jdbc.update(connection, UNSETTLE.formatted(each), migrationId, table.oid(), table.name());
        }
    }

    /** Gives the rows that {@link #unsettle} has changed the object id of the table that now has the name. */
    public static void settle(Connection connection, long migrationId, String name, TargetTable table)
            throws SQLException {
        for (String each : TABLES) {
            Jdbc.update(connection, SETTLE.formatted(each), table.oid(), table.table(), migrationId, name);
        }
    }
}
