package org.registrybbm.migrations.status;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.EngineRole;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The sums over finished batch jobs are those of the batch jobs, whoever changes them by whatever statement. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class TalliesTest {
    private static final String WORK = "work";

    private final EngineFixture fixture;
    private final TestDatabase database;

    TalliesTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @BeforeEach
    void finishedMigration() {
        fixture.items(1, 100).queueItems("m", WORK, 10);
        assertThat(fixture.drain(Map.of(WORK, ItemsWork.DO_ONE)).isComplete()).isTrue();
        assertThat(tallies()).isEqualTo(jobs()).isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "UPDATE batched_background_migration_jobs SET status = 1",
                "UPDATE batched_background_migration_jobs SET status = 3 WHERE id % 2 = 0",
                "UPDATE batched_background_migration_jobs SET covered_tuple_count = 77, migrated_tuple_count = NULL",
                "UPDATE batched_background_migration_jobs SET covered_tuple_count = NULL WHERE id % 2 = 0",
                "UPDATE batched_background_migration_jobs SET walk_id = NULL WHERE id % 3 = 0",
                "UPDATE batched_background_migration_jobs SET takeover_count = takeover_count + 3",
                "UPDATE batched_background_migration_jobs SET folded_job_count = 7 WHERE id % 3 = 0",
                """
                UPDATE batched_background_migration_jobs SET folded_job_count = 7, covered_tuple_count = NULL;
                DELETE FROM batched_background_migration_jobs WHERE id % 2 = 0
                """,
                "DELETE FROM batched_background_migration_jobs WHERE id % 2 = 0",
                "DELETE FROM batched_background_migration_jobs",
                "TRUNCATE batched_background_migration_jobs",
                "TRUNCATE batched_background_migrations CASCADE",
                "DELETE FROM batched_background_migrations",
                """
                WITH forgotten AS (
                    DELETE FROM batched_background_migration_walks WHERE kind = 'verify' RETURNING id
                )
                DELETE FROM batched_background_migration_jobs WHERE walk_id IN (SELECT id FROM forgotten)
                """,
                """
                INSERT INTO batched_background_migration_jobs
                    (batched_background_migration_id, min_value, max_value, status)
                SELECT id, 1000, 2000, s FROM batched_background_migrations, generate_series(1, 3) s
                """
            })
    @Sample(oneOf = 4)
    void followsEachStatement(String statement) {
        database.execute(statement);

        assertThat(tallies()).isEqualTo(jobs());
    }

    @Test
    void countsForRolesThatMayNotChangeThem() {
        TestDatabase role = EngineRole.of(database);
        database.execute(EngineRole.in("REVOKE ALL ON batched_background_migration_tallies FROM engine"));

        role.execute("UPDATE batched_background_migration_jobs SET status = 1 WHERE id % 2 = 0");

        assertThat(tallies()).isEqualTo(jobs());
    }

    @Test
    void anOverviewCountsFinishedAndUnfinishedOnes() {
        database.execute("UPDATE batched_background_migrations SET status = 0");
        database.execute("""
                UPDATE batched_background_migration_jobs SET status = 1, covered_tuple_count = 4
                WHERE id = (SELECT min(id) FROM batched_background_migration_jobs);
                INSERT INTO batched_background_migration_jobs
                    (batched_background_migration_id, min_value, max_value, status)
                SELECT id, 1000, 2000, 2 FROM batched_background_migrations
                """);

        MigrationOverview overview =
                fixture.engine(Map.of()).status().overviews(List.of()).get(0);

        assertThat(overview.coveredTupleCount())
                .as("90 of nine, 4 of the one, and the batch size of the one that nobody counted")
                .isEqualTo(104);
        assertThat(overview.activeJobs()).isEqualTo(1);
    }

    private List<String> tallies() {
        return database.column("""
                SELECT concat_ws(' ', coalesce(walk_id, 0), sum(finished), sum(uncounted), sum(covered_tuple_count),
                    sum(migrated_tuple_count), sum(takeovers))
                FROM batched_background_migration_tallies
                GROUP BY walk_id
                HAVING sum(finished) <> 0
                ORDER BY walk_id
                """);
    }

    private List<String> jobs() {
        return database.column("""
                SELECT concat_ws(' ', coalesce(walk_id, 0), sum(1 + folded_job_count),
                    coalesce(sum(1 + folded_job_count) FILTER (WHERE covered_tuple_count IS NULL), 0),
                    sum(coalesce(covered_tuple_count, 0)), sum(coalesce(migrated_tuple_count, 0)), sum(takeover_count))
                FROM batched_background_migration_jobs
                WHERE status = 2
                GROUP BY walk_id
                ORDER BY walk_id
                """);
    }
}
