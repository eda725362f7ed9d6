package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Which indexes give the rows in the order of a key without a sort. */
@ExtendWith(PostgresExtension.class)
class KeyIndexTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    KeyIndexTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        database.execute("""
                CREATE TABLE t.items (k text NOT NULL, b int NOT NULL, n int NOT NULL DEFAULT 0);
                INSERT INTO t.items SELECT 'k' || i / 10, i FROM generate_series(1, 500) i
                """);
    }

    private RunResult run(String key, String index) {
        database.execute("CREATE INDEX ON t.items " + index);
        fixture.queue(ItemsWork.ADD_ONE, null, key, 100, 30);
        return fixture.drain(Map.of());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "k    | (k DESC)",
                "k    | (k DESC NULLS FIRST)",
                "k    | (k, n)",
                "k    | (k, n DESC)",
                "k    | (k) INCLUDE (n)",
                "k, b | (k, b, n)",
                "k, b | (k DESC, b DESC)",
                "b, k | (b, k)",
            })
    @Sample(oneOf = 3)
    void walksAnIndexThatHasTheKeysOrder(String key, String index) {
        assertThat(run(key, index).isComplete()).isTrue();

        assertThat(database.column("SELECT DISTINCT n FROM t.items")).containsExactly("1");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "k    | (k COLLATE \"C\")",
                "k    | (k text_pattern_ops)",
                "k    | (k varchar_pattern_ops)",
                "k    | (k NULLS FIRST)",
                "k    | (k DESC NULLS LAST)",
                "k    | (b, k)",
                "k    | (b) INCLUDE (k)",
                "k, b | (k)",
                "k, b | (b, k)",
                "k, b | (k, n, b)",
                "k, b | (k DESC, b)",
                "k, b | (k) INCLUDE (b)",
            })
    void refusesAnyOther(String key, String index) {
        run(key, index);

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("12");
        assertThat(fixture.of("m", "failure_message")).contains("ON t.items (" + key + ")");
        assertThat(database.column("SELECT DISTINCT n FROM t.items")).containsExactly("0");
    }
}
