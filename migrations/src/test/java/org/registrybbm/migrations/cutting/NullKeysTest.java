package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** No range holds a row whose key is NULL, so a migration with one is never finished. */
@ExtendWith(PostgresExtension.class)
class NullKeysTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    NullKeysTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database).limits(10, 10);
        database.execute("""
                CREATE TABLE t.items (k text UNIQUE, b int, id bigint UNIQUE, n int NOT NULL DEFAULT 0);
                CREATE INDEX ON t.items (k, b);
                INSERT INTO t.items SELECT i, i, i FROM generate_series(1, 90) i
                """);
    }

    @ParameterizedTest
    @ValueSource(strings = {"k", "id"})
    void refusesToBegin(String key) {
        database.execute("INSERT INTO t.items VALUES (NULL, NULL, NULL)");
        fixture.queue(ItemsWork.ADD_ONE, null, key, 50, 20);

        fixture.drain(Map.of());

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("2");
        assertThat(fixture.of("m", "failure_message")).contains("rows of t.items have no " + key);
        assertThat(database.number("SELECT sum(n) FROM t.items")).isZero();
    }

    @Test
    void doesNotTrustAConstraintThatWasNeverValidated() {
        assumeTrue(database.number("SELECT current_setting('server_version_num')::int") >= 180_000);
        database.execute("""
                INSERT INTO t.items VALUES (NULL, NULL, NULL);
                ALTER TABLE t.items ADD CONSTRAINT has_key NOT NULL id NOT VALID
                """);
        fixture.queue(ItemsWork.ADD_ONE, null, "id", 50, 20);

        fixture.drain(Map.of());

        assertThat(fixture.of("m", "failure_message")).contains("rows of t.items have no id");
        database.execute("DELETE FROM t.items WHERE id IS NULL; ALTER TABLE t.items VALIDATE CONSTRAINT has_key");
        fixture.setStatus("m", MigrationStatus.ACTIVE);
        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();
    }

    @Test
    void refusesAKeyOfSeveralColumnsThatMayBeNull() {
        fixture.queue(ItemsWork.ADD_ONE, null, "k, b", 50, 20);

        fixture.drain(Map.of());

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("2");
        assertThat(fixture.of("m", "failure_message")).contains("column k of t.items may be NULL");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5})
    void noticesOneThatAppearsBeforeTheEnd(int subBatch) {
        fixture.queue("disturbed", null, "k", 50, 20);
        AtomicInteger calls = new AtomicInteger();

        fixture.drain(Map.of("disturbed", context -> {
            if (calls.incrementAndGet() == subBatch) {
                database.execute("INSERT INTO t.items VALUES (NULL, NULL, NULL)");
            }
            return ItemsWork.addOne(context);
        }));

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("2");
        database.execute("DELETE FROM t.items WHERE k IS NULL");
        fixture.setStatus("m", MigrationStatus.ACTIVE);
        assertThat(fixture.drain(Map.of("disturbed", ItemsWork::addOne)).isComplete())
                .isTrue();
        assertThat(database.column("SELECT DISTINCT n FROM t.items")).containsExactly("1");
    }
}
