package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Statements on what walks were begun with, and where. */
final class WalkDefinitions {
    // Of each walk that was begun with another definition, or elsewhere. Thousands of partitions begin with the same
    // one,
    // and columns of partitions have the types and collations of the root's: one that still is there stands for all.
    private static final String UNSETTLED = """
            SELECT coalesce(sum(w.walks) FILTER (WHERE (w.definition - '{key, order}'::text[]) IS DISTINCT FROM
            """ + WalkQueries.DEFINITION + " OR " + KeyOrder.CHANGED + """
                ), 0) AS edited, coalesce(sum(w.walks) FILTER (WHERE w.origin IS DISTINCT FROM ?), 0) AS moved
            FROM (
                SELECT begun.batched_background_migration_id, begun.definition, begun.origin, count(*) AS walks,
                    coalesce(
                        max(begun.table_oid::bigint) FILTER (
                            WHERE begun.only_table
                                OR EXISTS (SELECT FROM pg_inherits WHERE inhrelid = begun.table_oid)
                        ),
                        max(begun.table_oid::bigint)
                    )::oid AS table_oid
                FROM batched_background_migration_walks begun
                WHERE begun.batched_background_migration_id = ?
                GROUP BY 1, 2, 3
            ) w
            JOIN batched_background_migrations m ON m.id = w.batched_background_migration_id
            """;

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

    /** How many walks were begun with another definition than now, and how many in another database. */
    record Unsettled(long edited, long moved) {}

    static Unsettled unsettled(Connection connection, long migrationId) throws SQLException {
        return Sql.one(
                connection,
                UNSETTLED,
                row -> new Unsettled(row.getLong("edited"), row.getLong("moved")),
                Origin.of(connection),
                migrationId);
    }

    /** One part of a definition that is another one than when the walks began; null for none. */
    record Edit(
            String part, @Nullable String before, @Nullable String now) {
        String what() {
            return part.equals("order") ? "the order of its key" : "'" + part + "' of its definition";
        }
    }

    static List<Edit> edits(Connection connection, long migrationId) throws SQLException {
        return Sql.list(
                connection,
                EDITS,
                row -> new Edit(row.getString("key"), row.getString("before"), row.getString("now")),
                migrationId,
                migrationId);
    }

    /** Writes down that the walks go on with the definition of now, in this database. */
    static void settle(Connection connection, long migrationId, @Nullable String key) throws SQLException {
        Sql.update(connection, SETTLE, key, Origin.of(connection), migrationId);
    }
}
