package org.registrybbm.migrations.internal.sharing;

import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.tables.Contradictions;
import org.registrybbm.migrations.internal.tables.JobQueries;
import org.registrybbm.migrations.internal.tables.LockWaitQueries;
import org.registrybbm.migrations.internal.tables.MigrationQueries;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.Strategy;

/** Reads the facts by which batch jobs are shared among migrations. */
public final class ContenderQueries {
    // The partial index holds only unfinished batch jobs, so this costs the same however many are finished. Two kinds
    // of migrations are always worth a look, whoever else works: those with batch jobs that would fail them, and those
    // that have no batch jobs left. A migration by a condition has no end that could be cut, so it has nothing to hand
    // out while rows of a failed batch job are in its way.
    private static final String CONTENDERS = JobQueries.WITH_HELD
            + """
            , unfinished AS (
                SELECT j.batched_background_migration_id AS migration_id, count(held.id) AS held,
                    bool_or(%1$s) AS failed,
                    bool_or(%1$s AND j.attempts >= given.attempts) AS exhausted,
                    bool_or(held.id IS NULL AND CASE
                        WHEN %2$s THEN %3$s
                        ELSE j.retry_at IS NULL OR j.retry_at <= clock_timestamp()
                    END) AS ready,
                    array_agg(j.id) FILTER (
                        WHERE held.id IS NULL
                            AND %2$s
                            AND j.offered_at BETWEEN clock_timestamp() - make_interval(secs => given.offers)
                                AND clock_timestamp()
                    ) AS offered
                FROM batched_background_migration_jobs j
                CROSS JOIN (VALUES (?::integer, ?::float8)) AS given (attempts, offers)
                LEFT JOIN held ON held.id = j.id
                WHERE j.status <> 2
                GROUP BY 1
            )
            SELECT m.id, m.name, m.status, m.priority, m.job_signature_name, m.batching_strategy, m.table_name,
                m.root_table, m.code_missing_since IS NOT NULL AS missed,
                coalesce(clock_timestamp() - m.code_missing_since >= make_interval(secs => ?::float8), false)
                    AS missed_too_long,
                coalesce(u.held, 0) AS held, u.offered,
                CASE
                    WHEN m.failure_error_code IS NOT NULL OR m.finished_at IS NOT NULL THEN 'OPEN'
                    WHEN u.exhausted OR u.migration_id IS NULL AND EXISTS (
                        SELECT FROM batched_background_migration_walks w WHERE w.batched_background_migration_id = m.id
                    ) THEN 'ENDS'
                    WHEN u.ready OR u.migration_id IS NULL THEN 'OPEN'
                    WHEN u.failed AND m.batching_strategy IN ('%4$s', '%5$s') THEN 'RESTS'
                    WHEN EXISTS (
                        SELECT
                        FROM batched_background_migration_walks w
                        WHERE w.batched_background_migration_id = m.id
                            AND NOT w.cut_whole
                    ) THEN 'OPEN'
                    ELSE 'RESTS'
                END AS standing,
            """.formatted(
                            JobQueries.FAILED,
                            JobQueries.ACTIVE,
                            LockWaitQueries.OVER,
                            Strategy.NULLS.stored(),
                            Strategy.PREDICATE.stored())
            + PlanFailures.COLUMNS
            + """
            FROM batched_background_migrations m
            LEFT JOIN unfinished u ON u.migration_id = m.id
            WHERE (m.status IN (1, 4) AND NOT %s)
                OR (m.status = 3 AND m.failure_error_code IN (3, 5) AND m.failure_message IS NOT NULL)
                OR u.held > 0
                OR %s
            ORDER BY m.priority DESC, m.status = 4 DESC, m.id
            """.formatted(MigrationQueries.RUNS_LATER, Contradictions.FOUND);

    // Everything that may make a plan find something, and nothing else. While the fleet's budget is used up, that is
    // little: a migration may come to its end or may have been changed. Otherwise it is the batch jobs that may be
    // taken, how many each migration has, and the current walk while it has ranges to cut. A batch job that is due
    // again differs from what it was before, and one that a replica has taken counts as begun while the offer lasts.
    // The columns of the budgets to which each paced sub-batch writes are left out.
    private static final String OUTLOOK = JobQueries.WITH_HELD
            + """
            , given AS (
                SELECT ?::integer AS attempts, make_interval(secs => ?::float8) AS offers,
                    make_interval(secs => ?::float8) AS missing_code
            ), taken AS (
                SELECT j.id
                FROM batched_background_migration_jobs j
                CROSS JOIN given
                WHERE j.status <> 2
                    AND (j.id IN (SELECT id FROM held)
                        OR j.offered_at BETWEEN clock_timestamp() - given.offers AND clock_timestamp())
            ), fleet AS (
                SELECT counted.taken,
                    NOT EXISTS (
                        SELECT
                        FROM batched_background_migration_budgets
                        WHERE scope = 'fleet'
                            AND batch_jobs BETWEEN 0 AND counted.taken
                    ) AS has_room
                FROM (SELECT count(*) AS taken FROM taken) AS counted
            ), unfinished AS (
                SELECT j.batched_background_migration_id AS migration_id, count(taken.id) AS taken,
                    max(j.walk_id) AS newest_walk
                FROM batched_background_migration_jobs j
                LEFT JOIN taken ON taken.id = j.id
                WHERE j.status <> 2
                GROUP BY 1
            ), seen AS (
                SELECT hash_record_extended(ROW(j.id, j.lease_token, j.retry_at, j.offered_at), 0) AS one
                FROM batched_background_migration_jobs j
                JOIN batched_background_migrations m ON m.id = j.batched_background_migration_id
                CROSS JOIN fleet
                WHERE fleet.has_room
                    AND j.status <> 2
                    AND m.status IN (1, 4)
                    AND j.id NOT IN (SELECT id FROM taken)
                    AND CASE
                        WHEN %1$s THEN %2$s
                        ELSE j.retry_at IS NULL OR j.retry_at <= clock_timestamp()
                    END
                UNION ALL
                SELECT hash_record_extended(ROW(j.id, 'exhausted'::text), 0)
                FROM batched_background_migration_jobs j
                JOIN batched_background_migrations m ON m.id = j.batched_background_migration_id
                JOIN unfinished u ON u.migration_id = m.id
                CROSS JOIN given
                WHERE j.status <> 2
                    AND m.status IN (1, 4)
                    AND u.taken = 0
                    AND %3$s
                    AND j.attempts >= given.attempts
                UNION ALL
                SELECT hash_record_extended(
                    ROW(
                        m.id, m.xmin::text, m.plan_again_at <= clock_timestamp(),
                        m.code_missing_since <= clock_timestamp() - given.missing_code,
                        u.migration_id IS NULL,
                        CASE WHEN fleet.has_room THEN u.taken END,
                        CASE WHEN fleet.has_room AND NOT w.cut_whole THEN w.id END
                    ), 0)
                FROM batched_background_migrations m
                LEFT JOIN unfinished u ON u.migration_id = m.id
                LEFT JOIN batched_background_migration_walks w ON w.id = u.newest_walk
                CROSS JOIN given
                CROSS JOIN fleet
                WHERE m.status IN (1, 4)
                    OR %4$s
                UNION ALL
                SELECT hash_record_extended(ROW(b.scope, b.subject, b.batch_jobs, b.migrations), 0)
                FROM batched_background_migration_budgets b
                UNION ALL
                SELECT hash_record_extended(ROW('fleet'::text, has_room, CASE WHEN has_room THEN taken END), 0)
                FROM fleet
            )
            SELECT bit_xor(one) AS outlook
            FROM seen
            """.formatted(JobQueries.ACTIVE, LockWaitQueries.OVER, JobQueries.FAILED, Contradictions.FOUND);

    private ContenderQueries() {}

    /**
     * The settings on which the standing of migrations depends.
     *
     * @param maxAttempts attempts without progress after which a batch job fails its migration
     * @param missingCode how long a migration's code may be missing
     */
    public record Patience(int maxAttempts, Duration missingCode) {
        /** For callers that only want to list the migrations. */
        public static final Patience ENDLESS = new Patience(Integer.MAX_VALUE, Duration.ofDays(36_500));
    }

    private record Row(Contender contender, String table) {}

    /** Lists the contenders in the order in which they are served if all else is equal. */
    public static List<Contender> contenders(Connection connection, Patience patience) throws SQLException {
        BudgetBook budgets = BudgetBook.read(connection);
        List<Row> rows = Jdbc.list(
                connection,
                CONTENDERS,
                row -> row(row, budgets),
                patience.maxAttempts(),
                seconds(OfferQueries.LAST),
                seconds(patience.missingCode()));
        // A table that is named exactly as the stored root is a root, or was one when its migrations were last looked
        // at.
        List<RootQueries.Named> others = rows.stream()
                .filter(row -> !row.table().equals(row.contender().tree().kept()))
                .map(row -> new RootQueries.Named(row.contender().id(), row.table()))
                .toList();
        if (others.isEmpty()) {
            return rows.stream().map(Row::contender).toList();
        }
        Map<Long, String> roots = RootQueries.find(connection, others);
        List<Contender> contenders = new ArrayList<>();
        for (Row row : rows) {
            Contender.Tree tree = row.contender().tree();
            boolean same = row.table().equals(tree.kept());
            contenders.add(
                    same
                            ? row.contender()
                            : row.contender().withRoot(roots.get(row.contender().id())));
        }
        return contenders;
    }

    private static Row row(ResultSet row, BudgetBook budgets) throws SQLException {
        String name = row.getString("name");
        String table = row.getString("table_name");
        String root = row.getString("root_table");
        Contender contender = new Contender(
                row.getLong("id"),
                name,
                MigrationStatus.of(row.getInt("status")),
                row.getInt("priority"),
                new Contender.Code(
                        row.getString("job_signature_name"),
                        row.getString("batching_strategy"),
                        row.getBoolean("missed"),
                        row.getBoolean("missed_too_long")),
                new Contender.Tree(root, root),
                new Contender.Jobs(row.getInt("held"), longs(row.getArray("offered"))),
                Contender.Standing.valueOf(row.getString("standing")),
                budgets.of(name, Objects.requireNonNullElse(root, table)),
                PlanFailures.read(row));
        return new Row(contender, table);
    }

    private static List<Long> longs(@Nullable Array array) throws SQLException {
        return array == null ? List.of() : List.of((Long[]) array.getArray());
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1000.0;
    }

    /**
     * Returns a number that changes whenever a plan may hand out something that the previous plan did not, or may bring a migration to its
     * end.
     */
    public static long outlook(Connection connection, Patience patience) throws SQLException {
        return Jdbc.one(
                connection,
                OUTLOOK,
                row -> row.getLong("outlook"),
                patience.maxAttempts(),
                seconds(OfferQueries.LAST),
                seconds(patience.missingCode()));
    }
}
