package org.registrybbm.migrations.functions;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Types of extensions in a schema that is not in the search path, as some hosts install them. */
@ExtendWith(PostgresExtension.class)
class ExtensionTypesTest {
    private static final String WORK = "work";

    private final EngineFixture fixture;
    private final TestDatabase database;

    ExtensionTypesTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "citext; k; 'Äb' || i",
                "ltree; k; 'a.b' || i",
                "hstore; k; 'a=>' || i",
                "seg; k; i || '.5'",
                "citext; p, k; 'Äb' || i",
                "ltree; p, k; 'a.b' || i"
            })
    @Sample(oneOf = 3)
    void rowsThatAreKnownByThemAreSetAside(String type, String key, String value) {
        items(type, value);
        database.execute("ALTER TABLE t.items ADD PRIMARY KEY (" + key + ")");
        fixture.queue(WORK, "BlockBatchingStrategy", "", 100, 100);

        fixture.drain(Map.of(WORK, ItemsWork.DO_ONE));

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(fixture.quarantine("failure_sqlstate")).containsExactly("23514", "23514");
        assertThat(database.number("SELECT count(*) FROM t.items WHERE n = 1")).isEqualTo(38);
        database.execute("ALTER TABLE t.items DROP CONSTRAINT refused");
        assertThat(fixture.engine(Map.of(WORK, ItemsWork.DO_ONE)).quarantine().retry(List.of("m")))
                .isNotEmpty();
        assertThat(fixture.drain(Map.of(WORK, ItemsWork.DO_ONE)).isComplete()).isTrue();
        assertThat(database.number("SELECT count(*) FROM t.items WHERE n = 1")).isEqualTo(40);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {"citext; 'Äb' || i", "ltree; 'a.b' || i", "hstore; 'a=>' || i", "seg; i || '.5'"})
    @Sample(oneOf = 2)
    void columnsOfThemAreCopied(String type, String value) {
        items(type, value);
        database.execute("ALTER TABLE t.items ADD PRIMARY KEY (p), ADD COLUMN other t." + type
                + "; ALTER TABLE t.items DROP CONSTRAINT refused");
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work("copyColumn", "{\"from\": \"k\", \"to\": \"other\"}")
                        .table("t.items")
                        .byKey("p")
                        .batchSize(100)
                        .build());

        assertThat(fixture.drain(Map.of()).isComplete())
                .as(fixture.of("m", "coalesce(failure_message, '')"))
                .isTrue();

        assertThat(database.number("SELECT count(*) FROM t.items WHERE other::text = k::text"))
                .isEqualTo(40);
        assertThat(fixture.of("m", "verified_at IS NOT NULL")).isEqualTo("t");
    }

    /** Two of its rows are refused. */
    private void items(String type, String value) {
        database.execute("""
                CREATE EXTENSION %1$s SCHEMA t;
                CREATE TABLE t.items (
                    p int NOT NULL, k t.%1$s NOT NULL, v int, n int NOT NULL DEFAULT 0,
                    CONSTRAINT refused CHECK (p NOT IN (7, 23) OR n = 0)
                );
                INSERT INTO t.items SELECT i, (%2$s)::t.%1$s FROM generate_series(1, 40) i
                """.formatted(type, value));
    }
}
