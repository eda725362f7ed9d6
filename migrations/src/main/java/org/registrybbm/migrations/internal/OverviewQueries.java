package org.registrybbm.migrations.internal;

import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.BatchedMigration;
import org.registrybbm.migrations.Failure;
import org.registrybbm.migrations.MigrationOverview;
import org.registrybbm.migrations.MigrationStatus;

/** How migrations stand, and what they wait for. */
public final class OverviewQueries {
    private static final double MOST_BEFORE_FINISHED = 99.9;

    private static final String CONTRADICTED =
            "set to finished by somebody else while batch jobs are not done; a replica makes it active again, unless it is"
                    + " paused or its row is deleted";

    // A batch job that the container registry finished has no counts of its own: its batch size stands for them.
    private static final String OVERVIEWS = "SELECT " + MigrationQueries.COLUMNS
            + """
                , m.priority, coalesce(jobs.covered, 0) AS covered, coalesce(jobs.migrated, 0) AS migrated,
                coalesce(jobs.finished, 0) AS finished, coalesce(jobs.failed, 0) AS failed,
                coalesce(jobs.active, 0) AS active, coalesce(jobs.takeovers, 0) AS takeovers,
                coalesce(jobs.replicas, '{}') AS replicas,
                %s AS contradicted, coalesce(jobs.verifies, false) AS verifies, coalesce(jobs.retries, false) AS retries,
                (
                    SELECT count(*)
                    FROM batched_background_migration_quarantined_rows q
                    WHERE q.batched_background_migration_id = m.id
                        AND q.status = 'quarantined'
                ) AS quarantined
            FROM batched_background_migrations m
            LEFT JOIN (
                SELECT j.batched_background_migration_id AS migration_id,
                    sum(coalesce(j.covered_tuple_count, CASE WHEN j.status = 2 THEN o.batch_size ELSE 0 END))
                        FILTER (WHERE j.walk_id IS NULL OR w.kind = 'change' AND w.pass = 1) AS covered,
                    sum(coalesce(j.migrated_tuple_count, 0)) AS migrated,
                    count(*) FILTER (WHERE j.status = 2) AS finished,
                    count(*) FILTER (WHERE %s) AS failed,
                    count(*) FILTER (WHERE %s) AS active,
                    sum(j.takeover_count) AS takeovers,
                    bool_or(j.status <> 2 AND w.kind = 'verify') AS verifies,
                    bool_or(j.status <> 2 AND w.kind = 'retry') AS retries,
                    array_agg(DISTINCT j.lease_owner ORDER BY j.lease_owner)
                        FILTER (WHERE j.lease_until > clock_timestamp()) AS replicas
                FROM batched_background_migration_jobs j
                JOIN batched_background_migrations o ON o.id = j.batched_background_migration_id
                LEFT JOIN batched_background_migration_walks w ON w.id = j.walk_id
                WHERE cardinality(?::text[]) = 0
                    OR o.name = ANY (?::text[])
                GROUP BY 1
            ) jobs ON jobs.migration_id = m.id
            WHERE cardinality(?::text[]) = 0
                OR m.name = ANY (?::text[])
            ORDER BY m.id
            """.formatted(Contradictions.FOUND, JobQueries.FAILED, JobQueries.ACTIVE);

    private OverviewQueries() {}

    public static List<MigrationOverview> list(Connection connection, Collection<String> names) throws SQLException {
        String[] array = names.toArray(String[]::new);
        Waits waits = new Waits(SharingQueries.contenders(connection), RegistryLockQueries.holder(connection));
        return Sql.list(connection, OVERVIEWS, row -> overview(row, waits), array, array, array, array);
    }

    private static MigrationOverview overview(ResultSet row, Waits waits) throws SQLException {
        BatchedMigration migration = Rows.migration(row);
        long covered = row.getLong("covered");
        long active = row.getLong("active");
        long failed = row.getLong("failed");
        Array array = row.getArray("replicas");
        List<String> replicas = Arrays.asList((String[]) array.getArray());
        return new MigrationOverview(
                migration,
                row.getInt("priority"),
                row.getBoolean("contradicted") ? estimate(migration, covered) : progress(migration, covered),
                covered,
                row.getLong("migrated"),
                row.getLong("finished"),
                failed,
                active,
                row.getLong("quarantined"),
                row.getLong("takeovers"),
                replicas,
                row.getBoolean("contradicted")
                        ? CONTRADICTED
                        : doing(row, migration) + explain(migration, replicas, active, failed, waits));
    }

    /** Says what is done now where it is not the change of the rows, with a comma behind it. */
    private static String doing(ResultSet row, BatchedMigration migration) throws SQLException {
        if (!migration.status().isRunnable() || migration.codeMissingSince() != null) {
            return "";
        }
        if (row.getBoolean("retries")) {
            return "trying quarantined rows again, ";
        }
        return row.getBoolean("verifies") ? "verifying, " : "";
    }

    static OptionalDouble progress(BatchedMigration migration, long covered) {
        if (migration.status() == MigrationStatus.FINISHED) {
            return OptionalDouble.of(100);
        }
        return estimate(migration, covered);
    }

    private static OptionalDouble estimate(BatchedMigration migration, long covered) {
        Long total = migration.totalTupleCount();
        if (total == null || total <= 0) {
            return OptionalDouble.empty();
        }
        return OptionalDouble.of(Math.min(MOST_BEFORE_FINISHED, 100.0 * covered / total));
    }

    private static String explain(
            BatchedMigration migration, List<String> replicas, long active, long failed, Waits waits) {
        return switch (migration.status()) {
            case PAUSED -> "paused; set it to active to go on";
            case FINISHED ->
                migration.verifiedAt() == null
                        ? "every batch is done"
                        : "every batch is done, and it was verified that no row is left";
            case FAILED -> failed(migration.failure());
            case ACTIVE, RUNNING -> {
                if (migration.codeMissingSince() != null) {
                    yield "no replica that looked knows its work function or strategy, since "
                            + migration.codeMissingSince();
                }
                if (!replicas.isEmpty()) {
                    yield "running on " + String.join(", ", replicas) + waits.pace(migration.id());
                }
                Optional<String> budget = waits.why(migration.id());
                if (budget.isPresent()) {
                    yield budget.get();
                }
                if (active > 0) {
                    yield "waits for a worker that is free";
                }
                yield failed > 0 ? "waits to try " + failed + " failed batch jobs again" : "waits for its turn";
            }
        };
    }

    private static String failed(@Nullable Failure failure) {
        return failure == null
                ? "failed, without a reason recorded"
                : failure.code().word() + ": " + failure.message();
    }
}
