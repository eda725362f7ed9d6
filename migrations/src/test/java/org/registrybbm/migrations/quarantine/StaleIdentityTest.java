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
import org.registrybbm.migrations.testkit.Lab;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Quarantined rows whose identity has become another row's, or nobody's. */
@ExtendWith(PostgresExtension.class)
class StaleIdentityTest {
    private static final String WORK = "work";

    private final Lab lab;
    private final TestDatabase database;

    StaleIdentityTest(TestDatabase database) {
        this.database = database;
        this.lab = Lab.clean(database);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "VACUUM FULL t.items",
                "CLUSTER t.items USING items_v",
                "ALTER TABLE t.items ALTER COLUMN note TYPE varchar(100)",
                "ALTER TABLE t.items SET UNLOGGED",
            })
    void leavesNoOtherRowOutOnceTheTableWasWrittenAnew(String rewrite) {
        // Of one writer all, so that only the place tells them apart, to which another one comes as others go away.
        database.execute("""
                CREATE TABLE t.items (id bigint, n int NOT NULL DEFAULT 0, v bigint, note text, CHECK (id <> 500 OR n = 0));
                CREATE INDEX items_v ON t.items (v);
                INSERT INTO t.items (id) SELECT generate_series(1, 5000)
                """);
        lab.queue(WORK, "BlockBatchingStrategy", "", 600, 600);
        BatchedMigrations engine = lab.engine(Map.of(WORK, Lab.DO_ONE));
        while (lab.quarantine("1").isEmpty()) {
            engine.runner().run(engine.planner().plan().due().get(0), StopSignal.NEVER);
        }
        lab.setStatus("m", MigrationStatus.PAUSED);
        database.execute(rewrite);
        lab.setStatus("m", MigrationStatus.ACTIVE);

        lab.drain(Map.of(WORK, Lab.DO_ONE));
        assertThat(lab.of("m", "failure_error_code")).isEqualTo("15");
        engine.quarantine().waive("m", List.of(), "jane", "a test row");
        assertThat(lab.drain(Map.of(WORK, Lab.DO_ONE)).isComplete()).isTrue();

        assertThat(database.column("SELECT id || ' ' || n FROM t.items WHERE n <> 1"))
                .containsExactly("500 0");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"UPDATE t.items SET id = 9000, bad = false WHERE id = 7", "DELETE FROM t.items WHERE id = 7"})
    void leavesARowToAPersonThatIsNotUnderItsKeyAnyMore(String mend) {
        lab.items(1, 100);
        database.execute("""
                ALTER TABLE t.items ADD COLUMN bad boolean NOT NULL DEFAULT false;
                UPDATE t.items SET bad = true WHERE id = 7;
                ALTER TABLE t.items ADD CHECK (NOT bad OR n = 0)
                """);
        lab.queue(Lab.ADD_ONE, null, "id", 100, 100);
        lab.drain(Map.of());
        assertThat(lab.of("m", "failure_error_code")).isEqualTo("15");

        database.execute(mend);
        lab.engine(Map.of()).quarantine().retry(List.of("m"));
        lab.drain(Map.of());

        assertThat(lab.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(lab.quarantine("status || ' ' || failure_message"))
                .singleElement()
                .asString()
                .startsWith("quarantined no row is there any more under this key");
    }

    @Test
    void findsARowByPendingWhoseKeyWasChangedToMendIt() {
        lab.items(1, 100);
        database.execute("ALTER TABLE t.items ADD CONSTRAINT odd CHECK (id <> 7 OR n = 0)");
        lab.queue(WORK, null, "id", 100, 100);
        lab.drain(Map.of(WORK, Lab.DO_ONE));

        database.execute("UPDATE t.items SET id = 9000 WHERE id = 7");
        lab.engine(Map.of()).quarantine().retry(List.of("m"));

        assertThat(lab.drain(Map.of(WORK, Lab.DO_ONE)).isComplete()).isTrue();
        lab.assertEachItemChangedOnce();
    }
}
