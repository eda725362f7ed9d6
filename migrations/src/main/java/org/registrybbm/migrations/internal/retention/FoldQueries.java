package org.registrybbm.migrations.internal.retention;

import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.ResultSets;
import org.registrybbm.migrations.internal.tables.JobQueries;

/**
 * Statements that fold batch jobs: finished neighbours become one, which has the range and the sums of all of them. Batch jobs that the
 * container registry's own software made are left as they are, because they are its records.
 */
public final class FoldQueries {
    /** How many of the newest batch jobs stay as they are: those from which sizes are taken, and which people look at. */
    static final int NEWEST = 100;

    // The oldest one stays too. Where no bound says where keys begin, its size tells.
    private static final String ENDS = """
            SELECT min(id) AS oldest, (
                SELECT id
                FROM batched_background_migration_jobs
                WHERE batched_background_migration_id = ?
                ORDER BY id DESC
                OFFSET %d
                LIMIT 1
            ) AS newest
            FROM batched_background_migration_jobs
            WHERE batched_background_migration_id = ?
            """.formatted(NEWEST - 1);

    private static final String NEXT = """
            SELECT max(id) AS last, coalesce(array_agg(DISTINCT walk_id) FILTER (WHERE walk_id IS NOT NULL), '{}') AS walks
            FROM (
                SELECT id, walk_id
                FROM batched_background_migration_jobs
                WHERE batched_background_migration_id = ?
                    AND id > ?
                    AND id < ?
                ORDER BY id
                LIMIT ?
            ) AS next
            """;

    // Triggers on the batch jobs doubt the ranges of a walk whose batch jobs are deleted. Nobody else can doubt them
    // while this lock is held.
    private static final String LOCK_WALKS = """
            SELECT id, contiguous
            FROM batched_background_migration_walks
            WHERE id = ANY (?)
            ORDER BY id
            FOR NO KEY UPDATE
            """;

    // Nothing that is folded leaves a gap or hides one: a range is only joined to the one that ends where it begins.
    // Batch jobs without a range (0 to 0) may be joined in any order. Numbers are compared as numeric, which cannot
    // overflow. takeover_count is a smallint, so now and then another batch job begins for its sake.
    private static final String FOLD = """
            WITH carried AS MATERIALIZED (
                SELECT j.*
                FROM batched_background_migration_jobs j
                WHERE j.id = ANY (?)
                    AND j.status = 2
                    AND j.walk_id = ANY (?)
                FOR UPDATE SKIP LOCKED
            ), fresh AS MATERIALIZED (
                SELECT j.*
                FROM batched_background_migration_jobs j
                WHERE j.batched_background_migration_id = ?
                    AND j.id > ?
                    AND j.id <= ?
                    AND j.status = 2
                    AND j.walk_id = ANY (?)
                FOR UPDATE SKIP LOCKED
            ), met AS (
                SELECT j.id, j.walk_id, j.min_value, j.after_key, %1$s AS last_value,
                    CASE WHEN jsonb_typeof(j.through_key -> 0) <> 'number' THEN j.through_key END AS through_key,
                    j.min_value = 0 AND j.max_value = 0 AND j.after_key IS NULL AND j.through_key IS NULL AS bare,
                    j.covered_tuple_count IS NULL AS uncounted
                FROM (SELECT * FROM carried UNION ALL SELECT * FROM fresh) AS j
            ), compared AS (
                SELECT id, walk_id,
                    NOT coalesce(lag(uncounted) OVER following = uncounted AND CASE
                        WHEN after_key IS NOT NULL THEN lag(through_key) OVER following = after_key
                        WHEN lag(through_key) OVER following IS NOT NULL THEN false
                        WHEN bare AND lag(bare) OVER following THEN true
                        ELSE lag(last_value) OVER following + 1::numeric = min_value
                    END, false) AS begins
                FROM met
                WINDOW following AS (PARTITION BY walk_id ORDER BY id)
            ), ranked AS (
                SELECT id, walk_id, count(*) FILTER (WHERE begins) OVER (PARTITION BY walk_id ORDER BY id) AS run
                FROM compared
            ), runs AS (
                SELECT r.walk_id, r.run, min(j.id) AS first, max(j.id) AS last, count(*) - 1 + sum(j.folded_job_count) AS folded,
                    sum(j.covered_tuple_count) AS covered, sum(j.migrated_tuple_count) AS migrated,
                    sum(j.takeover_count) AS takeovers, sum(j.busy_ms) AS busy_ms, sum(j.pending_tuple_count) AS pending,
                    min(j.created_at) AS created_at, min(j.started_at) AS started_at, max(j.finished_at) AS finished_at
                FROM ranked r
                JOIN (SELECT * FROM carried UNION ALL SELECT * FROM fresh) AS j ON j.id = r.id
                GROUP BY r.walk_id, r.run
                HAVING count(*) > 1 AND sum(j.takeover_count) < 32768
            ), gone AS (
                DELETE FROM batched_background_migration_jobs
                WHERE id IN (SELECT r.id FROM ranked r JOIN runs USING (walk_id, run) WHERE r.id <> runs.last)
                RETURNING id
            ), kept AS (
                UPDATE batched_background_migration_jobs j
                SET min_value = s.min_value,
                    after_key = s.after_key,
                    folded_job_count = r.folded,
                    covered_tuple_count = r.covered,
                    migrated_tuple_count = r.migrated,
                    takeover_count = r.takeovers,
                    busy_ms = r.busy_ms,
                    pending_tuple_count = r.pending,
                    created_at = r.created_at,
                    started_at = r.started_at,
                    finished_at = r.finished_at,
                    updated_at = now()
                FROM runs r
                JOIN met s ON s.id = r.first
                WHERE j.id = r.last
            )
            SELECT (SELECT count(*) FROM gone) AS folded,
                ARRAY(SELECT max(id) FROM met GROUP BY walk_id HAVING max(id) > ?) AS last_of_walks
            """.formatted(JobQueries.LAST_VALUE);

    private static final String STILL_CONTIGUOUS = """
            UPDATE batched_background_migration_walks
            SET contiguous = true
            WHERE id = ANY (?)
                AND NOT contiguous
            """;

    private FoldQueries() {}

    /**
     * A position in the batch jobs of a migration.
     *
     * @param after the ids of the next ones are greater than this
     * @param carried the last batch job of each walk that was met before, to which the next one may be joined
     */
    public record Position(long after, Long[] carried) {}

    /** What was done, and where to go on. */
    public record Folded(long count, Position next) {}

    private record Some(long last, Long[] walks) {}

    private record LockedWalk(long id, boolean contiguous) {}

    /** Returns the position before the first batch job that may be folded. */
    public static Position first(Connection connection, long migrationId) throws SQLException {
        return new Position(ends(connection, migrationId, "oldest").orElse(Long.MAX_VALUE), new Long[0]);
    }

    /** Returns the id before which batch jobs may be folded; empty if there are too few of them. */
    public static Optional<Long> end(Connection connection, long migrationId) throws SQLException {
        return ends(connection, migrationId, "newest");
    }

    private static Optional<Long> ends(Connection connection, long migrationId, String which) throws SQLException {
        return Jdbc.one(
                connection,
                ENDS,
                row -> Optional.ofNullable(ResultSets.nullable(row, which)),
                migrationId,
                migrationId);
    }

    /**
     * Folds the next batch jobs of a migration. Passes by those that somebody has locked.
     *
     * @param before only those with smaller ids
     * @param most how many to look at
     * @return empty if there are no more
     */
    public static Optional<Folded> fold(
            Connection connection, long migrationId, Position position, long before, int most) throws SQLException {
        Optional<Some> next =
                Jdbc.one(connection, NEXT, FoldQueries::some, migrationId, position.after(), before, most);
        if (next.isEmpty()) {
            return Optional.empty();
        }
        Some some = next.get();
        List<LockedWalk> walks = Jdbc.list(
                connection, LOCK_WALKS, row -> new LockedWalk(row.getLong("id"), row.getBoolean("contiguous")), (Object)
                        some.walks());
        Long[] locked = walks.stream().map(LockedWalk::id).toArray(Long[]::new);
        Folded folded = Jdbc.one(
                connection,
                FOLD,
                row -> new Folded(
                        row.getLong("folded"), new Position(some.last(), longs(row.getArray("last_of_walks")))),
                position.carried(),
                locked,
                migrationId,
                position.after(),
                some.last(),
                locked,
                position.after());
        if (folded.count() > 0) {
            Long[] contiguous = walks.stream()
                    .filter(LockedWalk::contiguous)
                    .map(LockedWalk::id)
                    .toArray(Long[]::new);
            Jdbc.update(connection, STILL_CONTIGUOUS, (Object) contiguous);
        }
        return Optional.of(folded);
    }

    private static Optional<Some> some(ResultSet row) throws SQLException {
        Long last = ResultSets.nullable(row, "last");
        return last == null ? Optional.empty() : Optional.of(new Some(last, longs(row.getArray("walks"))));
    }

    private static Long[] longs(Array array) throws SQLException {
        return (Long[]) array.getArray();
    }
}
