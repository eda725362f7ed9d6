package org.registrybbm.migrations.quarantine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Quarantined rows whose identity has become another row's, or nobody's. */
@ExtendWith(PostgresExtension.class)
class StaleIdentityTest {
    private static final String WORK = "work";

    private final EngineFixture fixture;
    private final TestDatabase database;

    StaleIdentityTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "VACUUM FULL t.items",
                "CLUSTER t.items USING items_v",
                "ALTER TABLE t.items ALTER COLUMN note TYPE varchar(100)",
                "ALTER TABLE t.items SET UNLOGGED",
            })
    @Sample(oneOf = 2)
    void leavesNoOtherRowOutOnceTheTableWasWrittenAnew(String rewrite) {
        // Of one writer all, so that only the place tells them apart, to which another one comes as others go away.
        database.execute("""
                CREATE TABLE t.items (id bigint, n int NOT NULL DEFAULT 0, v bigint, note text, CHECK (id <> 500 OR n = 0));
                CREATE INDEX items_v ON t.items (v);
                INSERT INTO t.items (id) SELECT generate_series(1, 5000)
                """);
        fixture.queue(WORK, "BlockBatchingStrategy", "", 600, 600);
        BatchedMigrations engine = fixture.engine(Map.of(WORK, ItemsWork.DO_ONE));
        while (fixture.quarantine("1").isEmpty()) {
            engine.runner().run(engine.planner().plan().due().get(0), StopSignal.NEVER);
        }
        fixture.setStatus("m", MigrationStatus.PAUSED);
        database.execute(rewrite);
        fixture.setStatus("m", MigrationStatus.ACTIVE);

        fixture.drain(Map.of(WORK, ItemsWork.DO_ONE));
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
        engine.quarantine().waive("m", List.of(), "jane", "a test row");
        assertThat(fixture.drain(Map.of(WORK, ItemsWork.DO_ONE)).isComplete()).isTrue();

        assertThat(database.column("SELECT id || ' ' || n FROM t.items WHERE n <> 1"))
                .containsExactly("500 0");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"UPDATE t.items SET id = 9000, bad = false WHERE id = 7", "DELETE FROM t.items WHERE id = 7"})
    void leavesARowToAPersonThatIsNotUnderItsKeyAnyMore(String mend) {
        fixture.items(1, 100);
        database.execute("""
                ALTER TABLE t.items ADD COLUMN bad boolean NOT NULL DEFAULT false;
                UPDATE t.items SET bad = true WHERE id = 7;
                ALTER TABLE t.items ADD CHECK (NOT bad OR n = 0)
                """);
        fixture.queue(ItemsWork.ADD_ONE, null, "id", 100, 100);
        fixture.drain(Map.of());
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");

        database.execute(mend);
        fixture.engine(Map.of()).quarantine().retry(List.of("m"));
        fixture.drain(Map.of());

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(fixture.quarantine("status || ' ' || failure_message"))
                .singleElement()
                .asString()
                .startsWith("quarantined no row is there any more under this key");
    }

    @Test
    void findsARowByPendingWhoseKeyWasChangedToMendIt() {
        fixture.items(1, 100);
        database.execute("ALTER TABLE t.items ADD CONSTRAINT odd CHECK (id <> 7 OR n = 0)");
        fixture.queue(WORK, null, "id", 100, 100);
        fixture.drain(Map.of(WORK, ItemsWork.DO_ONE));

        database.execute("UPDATE t.items SET id = 9000 WHERE id = 7");
        fixture.engine(Map.of()).quarantine().retry(List.of("m"));

        assertThat(fixture.drain(Map.of(WORK, ItemsWork.DO_ONE)).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }
}
