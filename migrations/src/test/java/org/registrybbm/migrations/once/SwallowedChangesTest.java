package org.registrybbm.migrations.once;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Changes that PostgreSQL swallows without an error: whoever reads the failure learns how many rows are left. */
@ExtendWith(PostgresExtension.class)
class SwallowedChangesTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    SwallowedChangesTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        fixture.items(1, 1_000);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE RULE swallow AS ON UPDATE TO t.items DO INSTEAD NOTHING",
                "CREATE FUNCTION t.swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
                        + "CREATE TRIGGER swallow BEFORE UPDATE ON t.items FOR EACH ROW EXECUTE FUNCTION t.swallow()",
                "CREATE FUNCTION t.swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.v := NULL; RETURN new; END';"
                        + "CREATE TRIGGER swallow BEFORE UPDATE ON t.items FOR EACH ROW EXECUTE FUNCTION t.swallow()",
            })
    @Sample(oneOf = 3)
    void saysHowManyRowsAreLeftAndThatSomeAreSamples(String swallow) {
        database.execute(swallow);
        fixture.queue("work", null, "id", 1_000, 600);

        fixture.drain(Map.of("work", ItemsWork.DO_ONE));

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(fixture.of("m", "failure_message"))
                .startsWith("1000 rows are still not done")
                .contains("20 are quarantined as samples")
                .doesNotContain("all other rows are done");
        assertThat(fixture.quarantine("1")).hasSize(20);
    }

    @ParameterizedTest
    @ValueSource(strings = {"fixed", "waived"})
    void finishesOnlyOnceNoRowIsLeft(String how) {
        database.execute("CREATE RULE swallow AS ON UPDATE TO t.items DO INSTEAD NOTHING");
        fixture.queue("work", null, "id", 1_000, 600);
        fixture.drain(Map.of("work", ItemsWork.DO_ONE));

        if (how.equals("waived")) {
            fixture.engine(Map.of()).quarantine().waive("m", java.util.List.of(), "jane", "why not");
            fixture.drain(Map.of("work", ItemsWork.DO_ONE));
            assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
            assertThat(fixture.of("m", "failure_message")).startsWith("980 rows are still not done");
        } else {
            database.execute("DROP RULE swallow ON t.items");
            fixture.setStatus("m", MigrationStatus.ACTIVE);
            assertThat(fixture.drain(Map.of("work", ItemsWork.DO_ONE)).isComplete())
                    .isTrue();
            fixture.assertEachItemChangedOnce();
        }
    }
}
