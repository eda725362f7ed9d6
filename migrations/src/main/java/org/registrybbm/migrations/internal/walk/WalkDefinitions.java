package org.registrybbm.migrations.internal.walk;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.catalog.KeyOrder;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/** Statements on the definition with which walks were begun, and on the database in which they were begun. */
public final class WalkDefinitions {
    // The expression of the index. In this index, walks that were begun in the same way lie together.
    private static final String BEGUN_WITH =
            "(coalesce(jsonb_hash_extended(w.definition, 0), 0) # coalesce(hashtextextended(w.origin, 0), 0))";

    // Whether any walk was begun with another definition or in another database. Thousands of partitions begin in the
    // same way, so the statement jumps through the index from one way to the next. The columns of partitions have the
    // types and collations of the root's. One walk therefore stands for all that began in the same way: the newest one
    // whose table still exists, or else the newest one.
    private static final String UNSETTLED = """
            WITH RECURSIVE given AS (
                SELECT ?::bigint AS id, ?::text AS origin
            ), begun AS (
                SELECT (
                    SELECT %1$s
                    FROM batched_background_migration_walks w
                    WHERE w.batched_background_migration_id = given.id
                    ORDER BY %1$s
                    LIMIT 1
                ) AS one
                FROM given
                UNION ALL
                SELECT (
                    SELECT %1$s
                    FROM batched_background_migration_walks w
                    WHERE w.batched_background_migration_id = given.id
                        AND %1$s > begun.one
                    ORDER BY %1$s
                    LIMIT 1
                )
                FROM begun
                CROSS JOIN given
                WHERE begun.one IS NOT NULL
            )
            SELECT coalesce(bool_or((w.definition - '{key, order}'::text[]) IS DISTINCT FROM %2$s OR %3$s), false) AS edited,
                coalesce(bool_or(w.origin IS DISTINCT FROM given.origin), false) AS moved
            FROM begun
            CROSS JOIN given
            JOIN batched_background_migrations m ON m.id = given.id
            CROSS JOIN LATERAL (
                SELECT alike.definition, alike.origin, alike.table_oid
                FROM (
                    (
                        SELECT w.definition, w.origin, w.table_oid
                        FROM batched_background_migration_walks w
                        WHERE w.batched_background_migration_id = given.id
                            AND %1$s = begun.one
                            AND (w.only_table OR EXISTS (SELECT FROM pg_class WHERE oid = w.table_oid AND relispartition))
                        ORDER BY w.id DESC
                        LIMIT 1
                    )
                    UNION ALL
                    (
                        SELECT w.definition, w.origin, w.table_oid
                        FROM batched_background_migration_walks w
                        WHERE w.batched_background_migration_id = given.id
                            AND %1$s = begun.one
                        ORDER BY w.id DESC
                        LIMIT 1
                    )
                ) AS alike
                LIMIT 1
            ) AS w
            """.formatted(BEGUN_WITH, WalkQueries.DEFINITION, KeyOrder.CHANGED);

    private static final String EDITS = """
            SELECT DISTINCT o.key, o.value AS before, n.value AS now
            FROM batched_background_migration_walks w
            JOIN batched_background_migrations m ON m.id = w.batched_background_migration_id
            CROSS JOIN jsonb_each_text(w.definition) AS o
            JOIN jsonb_each_text(
            """ + WalkQueries.DEFINITION + """
                ) AS n ON n.key = o.key
            WHERE m.id = ?
                AND n.value IS DISTINCT FROM o.value
            UNION
            SELECT 'order', w.definition ->> 'order',
            """
            + KeyOrder.of("w.table_oid", "w.definition -> 'key'") + """
            FROM batched_background_migration_walks w
            WHERE w.batched_background_migration_id = ?
                AND
            """ + KeyOrder.CHANGED + """
            ORDER BY 1
            """;

    private static final String SETTLE =
            """
            UPDATE batched_background_migration_walks w
            SET definition =
            """ + WalkQueries.DEFINITION + """
                || jsonb_build_object('key', given.key, 'order',
            """ + KeyOrder.of("w.table_oid", "given.key") + """
                ), origin = given.origin,
                contiguous = false
            FROM (SELECT ?::jsonb AS key, ? AS origin) AS given, batched_background_migrations m
            WHERE m.id = w.batched_background_migration_id
                AND m.id = ?
            """;

    private WalkDefinitions() {}

    /** Whether any walk was begun with another definition than the migration has now, and whether any was begun in another database. */
    public record Unsettled(boolean edited, boolean moved) {}

    public static Unsettled unsettled(Connection connection, long migrationId) throws SQLException {
        return Jdbc.one(
                connection,
                UNSETTLED,
                row -> new Unsettled(row.getBoolean("edited"), row.getBoolean("moved")),
                migrationId,
                Origin.of(connection));
    }

    /** A part of a definition that has changed since the walks began; null stands for no value. */
    record Edit(
            String part, @Nullable String before, @Nullable String now) {
        String what() {
            return part.equals("order") ? "the order of its key" : "'" + part + "' of its definition";
        }
    }

    static List<Edit> edits(Connection connection, long migrationId) throws SQLException {
        return Jdbc.list(
                connection,
                EDITS,
                row -> new Edit(row.getString("key"), row.getString("before"), row.getString("now")),
                migrationId,
                migrationId);
    }

    /** Stores that the walks continue with the current definition, in this database. */
    static void settle(Connection connection, long migrationId, @Nullable String key) throws SQLException {
        Jdbc.update(connection, SETTLE, key, Origin.of(connection), migrationId);
    }
}
