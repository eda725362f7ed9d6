package org.registrybbm.migrations.internal.sharing;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.SqlIdentifiers;

/** The roots of partition trees. Migrations of one root share a table; claims count by the root that a migration's row names. */
public final class RootQueries {
    private static final String ROOTS = """
            SELECT wanted.id, %s AS root
            FROM unnest(?::bigint[], ?::text[], ?::text[]) AS wanted (id, schema_name, table_name)
            JOIN pg_namespace n ON n.nspname = wanted.schema_name::name
            JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.table_name::name
            JOIN pg_class r ON r.oid = coalesce(pg_partition_root(c.oid), c.oid)
            JOIN pg_namespace rn ON rn.oid = r.relnamespace
            """.formatted(SqlIdentifiers.quotedInSql("rn.nspname", "r.relname"));

    // This does not wait for a row that somebody has locked: the plan of that migration stores the root itself.
    private static final String KEEP = """
            UPDATE batched_background_migrations m
            SET root_table = free.root
            FROM (
                SELECT own.id, found.root
                FROM unnest(?::bigint[], ?::text[]) AS found (id, root)
                JOIN batched_background_migrations own ON own.id = found.id
                WHERE own.root_table IS DISTINCT FROM found.root
                ORDER BY own.id
                FOR NO KEY UPDATE OF own SKIP LOCKED
            ) AS free
            WHERE m.id = free.id
            """;

    private static final String KEEP_ONE = """
            UPDATE batched_background_migrations
            SET root_table = ?
            WHERE id = ?
            """;

    private RootQueries() {}

    /** A migration and its table, as the migration's row names it. */
    record Named(long id, String table) {}

    /** Finds the roots of the tables of some migrations. Migrations whose table does not exist are missing in the result. */
    static Map<Long, String> find(Connection connection, List<Named> tables) throws SQLException {
        Map<Long, String> roots = new HashMap<>();
        List<Long> ids = new ArrayList<>();
        List<String> schemas = new ArrayList<>();
        List<String> names = new ArrayList<>();
        for (Named one : tables) {
            List<String> parts = SqlIdentifiers.parse(one.table());
            if (parts.size() == 2) {
                ids.add(one.id());
                schemas.add(parts.get(0));
                names.add(parts.get(1));
            }
        }
        if (!ids.isEmpty()) {
            Jdbc.list(
                    connection,
                    ROOTS,
                    row -> roots.put(row.getLong("id"), row.getString("root")) == null,
                    ids.toArray(Long[]::new),
                    schemas.toArray(String[]::new),
                    names.toArray(String[]::new));
        }
        return roots;
    }

    /** Stores the roots of migrations whose rows name another one; returns how many rows were changed. */
    public static long keep(Connection connection, List<Contender> strangers) throws SQLException {
        return Jdbc.update(
                connection,
                KEEP,
                strangers.stream().map(Contender::id).toArray(Long[]::new),
                strangers.stream().map(Contender::root).toArray(String[]::new));
    }

    /** Looks up the current root of one migration, and stores it if the migration's row names another one. */
    public static void keep(Connection connection, Contender contender, String table) throws SQLException {
        String root =
                find(connection, List.of(new Named(contender.id(), table))).get(contender.id());
        if (new Contender.Tree(contender.tree().kept(), root).isUnknown()) {
            Jdbc.update(connection, KEEP_ONE, root, contender.id());
        }
    }
}
