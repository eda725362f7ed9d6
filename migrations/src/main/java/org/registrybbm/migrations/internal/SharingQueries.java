package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.BatchedMigration;

/** What the sharing of batch jobs is decided by, and the roots of partition trees that it keeps in the migrations' rows. */
public final class SharingQueries {
    // The partial index holds unfinished batch jobs only, so this costs the same however many are finished.
    private static final String CONTENDERS = JobQueries.WITH_HELD + "SELECT " + MigrationQueries.COLUMNS + """
                , m.priority, m.root_table, limits.*,
            """
            + PlanFailures.COLUMNS + """
                , (SELECT count(*) FROM held WHERE held.migration_id = m.id) AS held
            FROM batched_background_migrations m
            """
            + BudgetQueries.LIMITS + """
            WHERE m.status IN (1, 4)
                OR (m.status = 3 AND m.failure_error_code IN (3, 5) AND m.failure_message IS NOT NULL)
                OR m.id IN (SELECT migration_id FROM held)
                OR %s
            ORDER BY m.priority DESC, m.status = 4 DESC, m.id
            """.formatted(Contradictions.FOUND);

    // All that a plan depends on, but for what moves while batch jobs run well: batch jobs that nobody holds, how many
    // are held, migrations as they are, which have no batch job left, and the budgets.
    private static final String OUTLOOK =
            JobQueries.WITH_HELD + """
            , seen AS (
                SELECT hashint8extended(j.id, coalesce(j.lease_token, 0)) AS one
                FROM batched_background_migration_jobs j
                JOIN batched_background_migrations m ON m.id = j.batched_background_migration_id
                WHERE j.status <> 2
                    AND m.status IN (1, 4)
                    AND j.id NOT IN (SELECT id FROM held)
                    AND (%1$s AND %3$s OR j.retry_at IS NULL OR j.retry_at <= clock_timestamp())
                UNION ALL
                SELECT hashint8extended(count(*), -1)
                FROM held
                UNION ALL
                SELECT hash_record_extended(
                    ROW(
                        m.id, m.xmin::text, m.plan_again_at <= clock_timestamp(),
                        EXISTS (
                            SELECT
                            FROM batched_background_migration_jobs j
                            WHERE j.batched_background_migration_id = m.id
                                AND j.status <> 2
                        )
                    ), 0)
                FROM batched_background_migrations m
                WHERE m.status IN (1, 4)
                    OR %2$s
                UNION ALL
                SELECT hash_record_extended(ROW(b.scope, b.xmin::text), 0)
                FROM batched_background_migration_budgets b
            )
            SELECT bit_xor(one) AS outlook
            FROM seen
            """.formatted(JobQueries.ACTIVE, Contradictions.FOUND, LockWaitQueries.OVER);

    private static final String ROOTS = """
            SELECT wanted.id, %s AS root
            FROM unnest(?::bigint[], ?::text[], ?::text[]) AS wanted (id, schema_name, table_name)
            JOIN pg_namespace n ON n.nspname = wanted.schema_name::name
            JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.table_name::name
            JOIN pg_class r ON r.oid = coalesce(pg_partition_root(c.oid), c.oid)
            JOIN pg_namespace rn ON rn.oid = r.relnamespace
            """.formatted(SqlIdentifiers.quotedInSql("rn.nspname", "r.relname"));

    private static final String SET_ROOT = """
            UPDATE batched_background_migrations
            SET root_table = ?
            WHERE id = ?
            """;

    private SharingQueries() {}

    /**
     * A migration that has or may want batch jobs.
     *
     * @param priority higher ones are served first
     * @param rootKept what its row says of its root
     * @param root the table, or the root of the partition tree that it belongs to, quoted; null when there is no such table
     * @param held its batch jobs that a worker holds
     * @param planFailure why it could not be planned last; null when it could
     */
    public record Contender(
            BatchedMigration migration,
            int priority,
            @Nullable String rootKept,
            @Nullable String root,
            int held,
            BudgetQueries.Limits limits,
            Rate rate,
            PlanFailures.@Nullable PlanFailure planFailure) {
        public long id() {
            return migration.id();
        }

        /** Returns whether its row does not say what its root is. */
        public boolean isRootUnknown() {
            return root != null && !root.equals(rootKept);
        }

        Contender withRoot(@Nullable String other) {
            return new Contender(migration, priority, rootKept, other, held, limits, rate, planFailure);
        }
    }

    /** Lists them in the order in which they are served where all else is equal. */
    public static List<Contender> contenders(Connection connection) throws SQLException {
        List<Contender> kept = Sql.list(connection, CONTENDERS, row -> {
            String root = row.getString("root_table");
            return new Contender(
                    Rows.migration(row),
                    row.getInt("priority"),
                    root,
                    root,
                    row.getInt("held"),
                    BudgetQueries.limits(row),
                    Rate.of(row),
                    PlanFailures.read(row));
        });
        Map<Long, String> roots = roots(connection, kept);
        return kept.stream().map(one -> one.withRoot(roots.get(one.id()))).toList();
    }

    /** Returns a number that is another one whenever a plan may hand out something that the one before did not. */
    public static long outlook(Connection connection) throws SQLException {
        return Sql.one(connection, OUTLOOK, row -> row.getLong("outlook"));
    }

    private static Map<Long, String> roots(Connection connection, List<Contender> contenders) throws SQLException {
        List<Contender> named = contenders.stream()
                .filter(one -> SqlIdentifiers.parse(one.migration().table()).size() == 2)
                .toList();
        Map<Long, String> roots = new HashMap<>();
        Sql.list(
                connection,
                ROOTS,
                row -> roots.put(row.getLong("id"), row.getString("root")) == null,
                named.stream().map(Contender::id).toArray(Long[]::new),
                part(named, 0),
                part(named, 1));
        return roots;
    }

    private static String[] part(List<Contender> contenders, int index) {
        return contenders.stream()
                .map(one -> SqlIdentifiers.parse(one.migration().table()).get(index))
                .toArray(String[]::new);
    }

    /** Writes the root down where the row says another one: claims count by it. */
    static void keepRoot(Connection connection, Contender contender) throws SQLException {
        if (contender.isRootUnknown()) {
            Sql.update(connection, SET_ROOT, contender.root(), contender.id());
        }
    }
}
