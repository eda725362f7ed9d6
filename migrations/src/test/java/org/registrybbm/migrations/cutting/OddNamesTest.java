package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Names that need quotes, and names that are none. */
@ExtendWith(PostgresExtension.class)
class OddNamesTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    OddNamesTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "t.\"Weird \"\"Name\" | id",
                "t.\"Weird \"\"Name\" | \"id\"",
                "T.\"Weird \"\"Name\" | ID",
                "\"t\".\"Weird \"\"Name\" | Key \"of\" it",
                "t.\"Weird \"\"Name\" | \"Key \"\"of\"\" it\"",
            })
    @Sample(oneOf = 2)
    void runsOnNamesThatNeedQuotes(String table, String column) {
        database.execute("""
                CREATE TABLE t."Weird ""Name" (
                    id bigint PRIMARY KEY, "Key ""of"" it" bigint UNIQUE, "the.old" int, "the new; drop table t.x" bigint
                );
                INSERT INTO t."Weird ""Name" SELECT i, i, i FROM generate_series(1, 50) i
                """);
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work("copyColumn", "{\"from\": \"the.old\", \"to\": \"the new; drop table t.x\"}")
                        .table(table)
                        .byKey(column)
                        .batchSize(20)
                        .build());

        RunResult result = fixture.drain(Map.of());

        assertThat(result.failed()).isEmpty();
        assertThat(database.number(
                        "SELECT count(*) FROM t.\"Weird \"\"Name\" WHERE \"the new; drop table t.x\" = \"the.old\""))
                .isEqualTo(50);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "x; drop table t.items",
                "t.items; drop table t.items",
                "t.items--",
                "t.items WHERE true",
                "t.(select 1)",
                "t.items'",
                "t.\"items",
                " t.items",
                "t. items",
                "t..items",
                ".items",
                "t.",
                "\"t.items\"",
                "t.items.id",
                "t.\"\""
            })
    void refusesATableThatIsNotASchemaAndAName(String table) {
        fixture.items(1, 10);
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work(ItemsWork.ADD_ONE)
                        .table(table)
                        .byKey("id")
                        .batchSize(10)
                        .build());

        fixture.drain(Map.of());

        assertThat(fixture.of("m", "status || ' ' || failure_error_code")).isEqualTo("3 1");
        assertThat(database.number("SELECT count(*) FROM t.items WHERE n = 0")).isEqualTo(10);
    }

    @Test
    void runsOverAKeyThatIsNamedLikeAnotherColumnOfTheEnginesOwn() {
        database.execute("""
                CREATE TABLE t.items (k0 numeric PRIMARY KEY, n int NOT NULL DEFAULT 0);
                INSERT INTO t.items SELECT generate_series(1, 120)
                """);
        fixture.queue(ItemsWork.ADD_ONE, null, "k0", 20, 7);

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();

        assertThat(database.number("SELECT count(*) FROM t.items WHERE n = 1")).isEqualTo(120);
        assertThat(fixture.jobs("m", "covered_tuple_count")).startsWith("20", "20", "20", "20", "20", "20");
    }

    @Test
    void keepsApartTwoTablesThatDifferInCaseOnly() {
        database.execute("""
                CREATE TABLE t.items (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0);
                CREATE TABLE t."Items" (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0);
                INSERT INTO t.items VALUES (1);
                INSERT INTO t."Items" VALUES (1)
                """);
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work(ItemsWork.ADD_ONE)
                        .table("t.\"Items\"")
                        .byKey("id")
                        .batchSize(10)
                        .build());

        fixture.drain(Map.of());

        assertThat(database.text("SELECT n FROM t.items")).isEqualTo("0");
        assertThat(database.text("SELECT n FROM t.\"Items\"")).isEqualTo("1");
    }

    @Test
    void acceptsAMigrationWhoseOwnNameIsOdd() {
        fixture.items(1, 10);
        String name = "a 'b' \"c\"; drop table t.items -- ü";
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named(name)
                        .work(ItemsWork.ADD_ONE)
                        .table("t.items")
                        .byKey("id")
                        .batchSize(10)
                        .build());

        RunResult result = fixture.engine(Map.of()).runToEnd(List.of(name), StopSignal.NEVER);

        assertThat(result.finished()).extracting(BatchedMigration::name).containsExactly(name);
    }
}
