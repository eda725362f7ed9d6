package org.registrybbm.migrations.internal.walk;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.catalog.KeyColumns;
import org.registrybbm.migrations.internal.catalog.KeyJson;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.ResultSets;
import org.registrybbm.migrations.internal.tables.JobQueries;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.Key;

/** Statements on the parts of a table that the batch jobs of a walk cover, and on those that none covers. */
public final class RangeQueries {
    // Batch jobs of the container registry have no walk. They belong to the first walk over the migration's own table.
    private static final String LAST_MAX = """
            SELECT greatest(
                (
                    SELECT max(%s)
                    FROM batched_background_migration_jobs j
                    WHERE walk_id = ?
                        AND max_value = (SELECT max(max_value) FROM batched_background_migration_jobs WHERE walk_id = ?)
                ),
                (
                    SELECT max(max_value)
                    FROM batched_background_migration_jobs
                    WHERE batched_background_migration_id = ?
                        AND walk_id IS NULL
                        AND ?
                )
            ) AS max_value
            """.formatted(JobQueries.LAST_VALUE);

    // No comparison here can overflow at the ends of bigint.
    private static final String FIRST_GAP = """
            WITH bounds AS (
                SELECT ?::bigint AS least
            ),
            ranges AS (
                SELECT min_value,
                    max(%s) OVER (
                        ORDER BY min_value, max_value
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                    ) AS reached
                FROM batched_background_migration_jobs j
                WHERE walk_id = ?
                    OR batched_background_migration_id = ? AND walk_id IS NULL AND ?
            )
            SELECT greatest(coalesce(reached + 1, least), least) AS first, ranges.min_value - 1 AS last
            FROM ranges
            CROSS JOIN bounds
            WHERE CASE
                    WHEN ranges.min_value <= least THEN false
                    WHEN reached IS NULL THEN true
                    WHEN reached >= ranges.min_value THEN false
                    ELSE reached + 1 < ranges.min_value
                END
            ORDER BY ranges.min_value
            LIMIT 1
            """.formatted(JobQueries.LAST_VALUE);

    // Ranges of keys that are not integers follow one another: each begins where the previous one ends. %s orders
    // after_key as the table's index does.
    private static final String FIRST_KEY_GAP = """
            WITH ranges AS (
                SELECT after_key, through_key,
                    row_number() OVER ranked AS place,
                    lag(through_key) OVER ranked AS reached,
                    lead(id) OVER ranked IS NULL AS last
                FROM batched_background_migration_jobs
                WHERE walk_id = ?
                WINDOW ranked AS (ORDER BY after_key IS NOT NULL, %s)
            )
            SELECT reached::text AS after_key, after_key::text AS through_key, place
            FROM ranges
            WHERE after_key IS DISTINCT FROM reached
            UNION ALL
            SELECT through_key::text, NULL, place + 1
            FROM ranges
            WHERE last AND through_key IS NOT NULL
            ORDER BY place
            LIMIT 1
            """;

    private static final String HAS_JOBS = """
            SELECT EXISTS (SELECT FROM batched_background_migration_jobs WHERE walk_id = ?) AS found
            """;

    // The container registry's software takes a batch job with the migration's max_value for the last one of all. If it
    // is not the last one, max_value is stored one less, and through_key holds the real end.
    private static final String CUT = """
            INSERT INTO batched_background_migration_jobs
                (batched_background_migration_id, walk_id, min_value, max_value, after_key, through_key, status,
                 sub_batch_size)
            SELECT m.id, own.walk_id, own.first, own.last - own.hidden::int, own.after_key,
                CASE WHEN own.hidden THEN jsonb_build_array(own.last) ELSE own.through_key END, 1, own.sub_batch_size
            FROM batched_background_migrations m
            CROSS JOIN LATERAL (
                SELECT walk_id, first, last, after_key, through_key, sub_batch_size,
                    last = m.max_value AND not_last AS hidden
                FROM (
                    VALUES (?::bigint, ?::bigint, ?::bigint, ?::jsonb, ?::jsonb, ?::integer, ?::boolean)
                ) AS cut (walk_id, first, last, after_key, through_key, sub_batch_size, not_last)
            ) AS own
            WHERE m.id = ?
            RETURNING id
            """;

    private RangeQueries() {}

    /**
     * A batch job to be created.
     *
     * @param integerKey whether the migration's key is one integer, so that the migration's {@code max_value} bounds it
     */
    public record NewJob(
            Walk walk,
            BatchJob.Range range,
            boolean integerKey,
            @Nullable Integer subBatchSize) {}

    /** Returns the greatest last number of a walk's batch jobs, as a key. */
    public static Optional<Key> lastMax(Connection connection, long migrationId, Walk walk) throws SQLException {
        return Jdbc.one(
                        connection,
                        LAST_MAX,
                        row -> Optional.ofNullable(ResultSets.nullable(row, "max_value")),
                        walk.id(),
                        walk.id(),
                        migrationId,
                        walk.adoptsJobs())
                .map(Key::of);
    }

    /**
     * Finds the first range of numbers, from a lower bound on, that lies before or between a walk's batch jobs and that none of them
     * covers.
     */
    public static Optional<BatchJob.Range> firstGap(Connection connection, long migrationId, Walk walk, long least)
            throws SQLException {
        return Jdbc.first(
                connection,
                FIRST_GAP,
                row -> BatchJob.Range.between(row.getLong("first"), row.getLong("last")),
                least,
                walk.id(),
                migrationId,
                walk.adoptsJobs());
    }

    /** Finds the first range of keys, other than integers, that no batch job of a walk covers. */
    public static Optional<BatchJob.Range> firstGap(Connection connection, Walk walk, KeyColumns columns)
            throws SQLException {
        return Jdbc.first(
                connection,
                FIRST_KEY_GAP.formatted(columns.orderOf("after_key")),
                row -> BatchJob.Range.between(
                        KeyJson.read(row.getString("after_key")), KeyJson.read(row.getString("through_key"))),
                walk.id());
    }

    /** Returns whether a walk has any batch job. */
    public static boolean hasJobs(Connection connection, Walk walk) throws SQLException {
        return Jdbc.one(connection, HAS_JOBS, row -> row.getBoolean("found"), walk.id());
    }

    public static long cut(Connection connection, long migrationId, NewJob job) throws SQLException {
        BatchJob.Range range = job.range();
        return Jdbc.one(
                connection,
                CUT,
                row -> row.getLong("id"),
                job.walk().id(),
                range.min(),
                range.max(),
                KeyJson.write(range.after()),
                KeyJson.write(range.through()),
                job.subBatchSize(),
                job.integerKey() && !job.walk().adoptsJobs() && range.max() > Long.MIN_VALUE,
                migrationId);
    }
}
