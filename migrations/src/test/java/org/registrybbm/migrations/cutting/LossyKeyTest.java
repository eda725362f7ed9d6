package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Unique keys by whose texts a row is not found again, or is found with others. */
@ExtendWith(PostgresExtension.class)
class LossyKeyTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    LossyKeyTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @Test
    void leavesNoRowOutWhoseKeyIsReadAsAnotherValueThanItWasWritten() {
        // This type writes six digits of a value, and keeps more.
        database.execute("""
                CREATE EXTENSION IF NOT EXISTS seg;
                CREATE TABLE t.items (id bigint, k seg PRIMARY KEY, n int NOT NULL DEFAULT 0, CHECK (id <> 7 OR n = 0));
                CREATE INDEX ON t.items (id);
                INSERT INTO t.items SELECT i, (CASE i WHEN 7 THEN '0.1234567' ELSE i || '.5' END)::seg
                FROM generate_series(1, 10) AS i
                """);
        fixture.queue(ItemsWork.ADD_ONE, null, "id", 10, 10);

        fixture.drain(Map.of());

        assertRefused("of 10 rows of t.items, 9 are found again by the key that should tell them apart, k");
    }

    @Test
    void setsNoRowAsideTogetherWithOneThatMayBeChanged() {
        // The index tells apart what the type calls equal.
        database.execute("""
                CREATE TYPE t.amount AS (v numeric);
                CREATE TABLE t.items (id bigint, k t.amount NOT NULL, n int NOT NULL DEFAULT 0, CHECK (id <> 1 OR n = 0));
                CREATE INDEX ON t.items (id);
                CREATE UNIQUE INDEX ON t.items (k record_image_ops);
                INSERT INTO t.items VALUES (1, '(1.1)'), (2, '(1.10)')
                """);
        fixture.queue(ItemsWork.ADD_ONE, null, "id", 10, 1);

        fixture.drain(Map.of());

        assertRefused("of 1 rows of t.items, 2 are found again by the key that should tell them apart, k");
    }

    private void assertRefused(String message) {
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FAILED);
        assertThat(fixture.of("m", "failure_error_code || ' ' || failure_message"))
                .startsWith("0 " + message);
        assertThat(fixture.quarantine("row_key")).isEmpty();
        assertThat(database.number("SELECT count(*) FROM t.items WHERE n <> 0")).isZero();
    }
}
