package org.registrybbm.migrations.internal.sharing;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.SqlIdentifiers;

/** The roots of partition trees, by which migrations share tables; claims count by what the migrations' rows say of them. */
public final class RootQueries {
    private static final String ROOTS = """
            SELECT wanted.id, %s AS root
            FROM unnest(?::bigint[], ?::text[], ?::text[]) AS wanted (id, schema_name, table_name)
            JOIN pg_namespace n ON n.nspname = wanted.schema_name::name
            JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.table_name::name
            JOIN pg_class r ON r.oid = coalesce(pg_partition_root(c.oid), c.oid)
            JOIN pg_namespace rn ON rn.oid = r.relnamespace
            """.formatted(SqlIdentifiers.quotedInSql("rn.nspname", "r.relname"));

    // Whoever has locked a row is not waited for: its own plan writes the root down.
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

    /** The table of a migration, as it is written. */
    record Named(long id, String table) {}

    /** Finds the roots of the tables of some migrations; without those whose table does not exist. */
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

    /** Writes the roots of many migrations down, whose rows say other ones; returns of how many. */
    public static long keep(Connection connection, List<Contender> strangers) throws SQLException {
        return Jdbc.update(
                connection,
                KEEP,
                strangers.stream().map(Contender::id).toArray(Long[]::new),
                strangers.stream().map(Contender::root).toArray(String[]::new));
    }

    /** Looks for the root of one migration as it is now, and writes it down where the row says another one. */
    public static void keep(Connection connection, Contender contender, String table) throws SQLException {
        String root =
                find(connection, List.of(new Named(contender.id(), table))).get(contender.id());
        if (new Contender.Tree(contender.tree().kept(), root).isUnknown()) {
            Jdbc.update(connection, KEEP_ONE, root, contender.id());
        }
    }
}
