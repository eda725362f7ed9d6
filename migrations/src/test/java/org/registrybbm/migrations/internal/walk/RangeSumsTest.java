package org.registrybbm.migrations.internal.walk;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Batch jobs of a walk whose ranges are summed up a few at a time, beside those of another walk. */
@ExtendWith(PostgresExtension.class)
class RangeSumsTest {
    private final TestDatabase database;

    RangeSumsTest(TestDatabase database) {
        this.database = database;
    }

    /** Of each walk, 20 batch jobs: up to k1, from k1 to k2, and so on, the last one without an end. */
    @BeforeEach
    void walks() {
        database.execute("""
                DELETE FROM batched_background_migrations;
                INSERT INTO batched_background_migrations
                    (id, name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name)
                VALUES (7, 'm', 0, 0, 1, 0, 'any', 't.items', 'k');
                INSERT INTO batched_background_migration_walks
                    (id, batched_background_migration_id, table_oid, table_name, only_table)
                VALUES (1, 7, 1, 't.a', false), (2, 7, 2, 't.b', false);
                INSERT INTO batched_background_migration_jobs
                    (id, batched_background_migration_id, walk_id, min_value, max_value, after_key, through_key)
                SELECT 100 * i + w, 7, w, 0, 0,
                    CASE WHEN i > 1 THEN jsonb_build_array('k' || i - 1) END,
                    CASE WHEN i < 20 THEN jsonb_build_array('k' || i) END
                FROM generate_series(1, 20) i, generate_series(1, 2) w
                """);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "true  | SELECT",
                "true  | UPDATE jobs SET id = 10000 - id",
                "true  | DELETE FROM jobs WHERE id = 501; UPDATE jobs SET after_key = '[\"k4\"]' WHERE id = 601",
                "false | DELETE FROM jobs WHERE id = 501",
                "false | DELETE FROM jobs WHERE id = 101",
                "false | DELETE FROM jobs WHERE id = 2001",
                "false | DELETE FROM jobs WHERE walk_id = 1",
                "false | UPDATE jobs SET through_key = '[\"k4a\"]' WHERE id = 501",
                "false | UPDATE jobs SET after_key = NULL WHERE id = 501",
                "false | UPDATE jobs SET walk_id = 2 WHERE id = 501",
            })
    @Sample(oneOf = 3)
    void tellWhetherAnyRangeIsMissing(boolean through, String change) throws SQLException {
        for (String statement :
                change.replace("jobs", "batched_background_migration_jobs").split("; ")) {
            database.execute(statement);
        }

        try (Connection connection = database.getConnection()) {
            for (int idsAtOnce : new int[] {1, 150, 1_000_000}) {
                assertThat(RangeSums.leadThrough(connection, 1, idsAtOnce))
                        .as("%s ids at once", idsAtOnce)
                        .isEqualTo(through);
            }
        }
    }
}
