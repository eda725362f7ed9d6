package org.registrybbm.migrations;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.testkit.PostgresExtension;
import org.registrybbm.migrations.testkit.TestDatabase;

/** Rows whose data refuses the change: they are found and listed, everything else goes on, and once mended they are changed. */
@ExtendWith(PostgresExtension.class)
class QuarantineTest {
    private static final String WORK = "work";
    private static final int ROWS = 2_000;

    private final Lab lab;
    private final TestDatabase database;

    QuarantineTest(TestDatabase database) {
        this.database = database;
        this.lab = Lab.clean(database);
        database.execute("CREATE TABLE t.keys (k int PRIMARY KEY); INSERT INTO t.keys VALUES (1)");
    }

    private static final WorkFunction DO_ONE =
            ((WorkFunction) context -> context.update("n = n + 1, v = 1")).withPending("v IS NULL");

    private void items(String constraints) {
        database.execute("""
                CREATE TABLE t.items (
                    id bigint NOT NULL, k int NOT NULL, bad boolean NOT NULL DEFAULT false, v int, n int NOT NULL DEFAULT 0, %s
                );
                CREATE INDEX ON t.items (k);
                CREATE INDEX ON t.items (v) WHERE v IS NULL;
                INSERT INTO t.items (id, k) SELECT i, i / 7 FROM generate_series(1, %d) i
                """.formatted(constraints, ROWS));
    }

    private static final String REFUSE_BAD = "PRIMARY KEY (id), CHECK (NOT bad OR n = 0)";
    private static final String REFUSE_BAD_WITHOUT_KEY = "CHECK (NOT bad OR n = 0)";

    static Stream<Arguments> strategies() {
        return Stream.of(REFUSE_BAD, REFUSE_BAD_WITHOUT_KEY)
                .flatMap(constraints -> Stream.of(
                        Arguments.of(null, "k", constraints),
                        Arguments.of("NullKeySetBatchingStrategy", "v", constraints),
                        Arguments.of("PredicateBatchingStrategy", "", constraints),
                        Arguments.of("BlockBatchingStrategy", "", constraints)));
    }

    private List<String> notOnce() {
        return database.column("SELECT id || ': ' || n FROM t.items WHERE n <> 1 ORDER BY id LIMIT 50");
    }

    @ParameterizedTest
    @MethodSource("strategies")
    void changesARowOnceAfterItWasMendedWhateverTheStrategy(String strategy, String column, String constraints) {
        items(constraints);
        database.execute("UPDATE t.items SET bad = true WHERE id IN (1, 2, 3, 700, 1111, 1112, 2000)");
        lab.queue(WORK, strategy, column, 500, 100);
        Map<String, WorkFunction> work = Map.of(WORK, DO_ONE);

        lab.drain(work);

        assertThat(lab.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(notOnce()).containsExactly("1: 0", "2: 0", "3: 0", "700: 0", "1111: 0", "1112: 0", "2000: 0");
        assertThat(lab.quarantine("failure_sqlstate || ' ' || status || ' ' || attempts"))
                .hasSize(7)
                .containsOnly("23514 quarantined 1");

        database.execute("UPDATE t.items SET bad = false WHERE id IN (1, 2, 3, 1111, 1112, 2000)");
        lab.setStatus("m", MigrationStatus.ACTIVE);
        lab.drain(work);

        assertThat(lab.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(notOnce()).containsExactly("700: 0");

        database.execute("DELETE FROM t.items WHERE id = 700");
        lab.setStatus("m", MigrationStatus.ACTIVE);
        assertThat(lab.drain(work).isComplete()).isTrue();
        assertThat(notOnce()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("strategies")
    void finishesWhenTheRowsAreWaived(String strategy, String column, String constraints) {
        items(constraints);
        database.execute("DELETE FROM t.items WHERE id > 100; UPDATE t.items SET bad = true WHERE id <= 40");
        lab.queue(WORK, strategy, column, 10, 10);
        Map<String, WorkFunction> work = Map.of(WORK, DO_ONE);
        lab.drain(work);
        assertThat(lab.of("m", "failure_error_code")).isEqualTo("15");

        database.execute("""
                UPDATE batched_background_migration_quarantined_rows
                SET status = 'waived', waived_by = 'somebody', waived_reason = 'test accounts'
                """);
        lab.setStatus("m", MigrationStatus.ACTIVE);

        assertThat(lab.drain(work).isComplete()).isTrue();
        assertThat(notOnce()).hasSize(40);
        assertThat(lab.quarantine("status")).hasSize(40).containsOnly("waived");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void leavesARowToAPersonThatNobodyCanFindAgain(boolean unique) {
        items(REFUSE_BAD_WITHOUT_KEY + (unique ? ", UNIQUE (k, id)" : ""));
        database.execute("UPDATE t.items SET bad = true WHERE id IN (1, 700)");
        lab.queue(Lab.ADD_ONE, null, "k", 500, 100);
        lab.drain(Map.of());

        database.execute("UPDATE t.items SET bad = false WHERE id IN (1, 700)");
        lab.setStatus("m", MigrationStatus.ACTIVE);
        lab.drain(Map.of());

        assertThat(lab.quarantine("status")).containsOnly(unique ? "done" : "quarantined");
        assertThat(notOnce()).hasSize(unique ? 0 : 2);
    }

    @ParameterizedTest
    @MethodSource("strategies")
    void leavesARowAloneThatSomebodyHasDoneByHand(String strategy, String column, String constraints) {
        items(constraints);
        database.execute("UPDATE t.items SET bad = true WHERE id = 700");
        lab.queue(WORK, strategy, column, 500, 100);
        Map<String, WorkFunction> work = Map.of(WORK, DO_ONE);
        lab.drain(work);

        database.execute("UPDATE t.items SET bad = false, n = 1, v = 77 WHERE id = 700");
        lab.setStatus("m", MigrationStatus.ACTIVE);

        assertThat(lab.drain(work).isComplete()).isTrue();
        assertThat(database.text("SELECT v || ' ' || n FROM t.items WHERE id = 700"))
                .isEqualTo("77 1");
    }

    @ParameterizedTest
    @MethodSource("strategies")
    void stopsEarlyWhenTooManyRowsFail(String strategy, String column, String constraints) {
        items(constraints);
        database.execute("UPDATE t.items SET bad = true WHERE id > 400");
        lab.queue(WORK, strategy, column, 500, 100);
        Map<String, WorkFunction> work = Map.of(WORK, DO_ONE);

        lab.drain(work);

        assertThat(lab.of("m", "failure_error_code")).isEqualTo("16");
        assertThat(lab.quarantine("status")).hasSize(100);
        assertThat(database.column("SELECT DISTINCT n FROM t.items WHERE bad")).containsExactly("0");

        database.execute("UPDATE t.items SET bad = false");
        lab.setStatus("m", MigrationStatus.ACTIVE);
        assertThat(lab.drain(work).isComplete()).isTrue();
        assertThat(notOnce()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "23514 | CHECK (id <> 700 OR n = 0)",
                "23503 | f int GENERATED ALWAYS AS (CASE WHEN id = 700 AND n > 0 THEN 2 END) STORED REFERENCES t.keys",
                "23503 | f int GENERATED ALWAYS AS (CASE WHEN id = 700 AND n > 0 THEN 2 END) STORED REFERENCES t.keys DEFERRABLE INITIALLY DEFERRED",
                "23505 | u bigint GENERATED ALWAYS AS (CASE WHEN id = 700 THEN id + n ELSE id END) STORED UNIQUE",
                "23505 | u bigint GENERATED ALWAYS AS (CASE WHEN id = 700 THEN id + n ELSE id END) STORED UNIQUE DEFERRABLE INITIALLY DEFERRED",
                "23P01 | u bigint GENERATED ALWAYS AS (CASE WHEN id = 700 THEN id + n ELSE id END) STORED, EXCLUDE USING btree (u WITH =)",
                "23502 | u bigint GENERATED ALWAYS AS (CASE WHEN id <> 700 OR n = 0 THEN 1 END) STORED NOT NULL",
                "22012 | u bigint GENERATED ALWAYS AS (CASE WHEN id = 700 THEN 1 / (1 - n) END) STORED",
                "22003 | u smallint GENERATED ALWAYS AS (CASE WHEN id = 700 THEN 32767 + n ELSE 0 END) STORED",
                "22001 | u varchar(3) GENERATED ALWAYS AS (CASE WHEN id = 700 AND n > 0 THEN 'abcd' END) STORED",
                "22P02 | u int GENERATED ALWAYS AS (CASE WHEN id = 700 AND n > 0 THEN replace('secret_', '_', id::text)::int END) STORED",
            })
    void findsTheRowThatFailsWhateverTheErrorIs(String state, String constraint) {
        items("PRIMARY KEY (id), " + constraint);
        lab.queue(WORK, null, "id", 5_000, 3_000);

        lab.drain(Map.of(WORK, DO_ONE));

        assertThat(lab.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(lab.quarantine("row_key::text || ' ' || failure_sqlstate"))
                .containsExactly("{\"id\": \"700\"} " + state);
        assertThat(lab.quarantine("failure_message").get(0))
                .doesNotContain("700")
                .doesNotContain("secret");
        assertThat(notOnce()).containsExactly("700: 0");
        assertThat(lab.jobs("m", "attempts")).containsOnly("1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"P0001", "P0002", "45000", "ZZ999", "70001", "99000", "22000", "23514"})
    void findsTheRowThatATriggerRefuses(String state) {
        items("PRIMARY KEY (id)");
        database.execute("""
                CREATE FUNCTION t.refuse() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE 'secret %%', new.id USING ERRCODE = '%s'; END $$;
                CREATE TRIGGER refuse BEFORE UPDATE ON t.items FOR EACH ROW WHEN (new.id = 700) EXECUTE FUNCTION t.refuse()
                """.formatted(state));
        lab.queue(WORK, null, "id", 500, 500);

        lab.drain(Map.of(WORK, DO_ONE));

        assertThat(lab.quarantine("row_key::text || ' ' || failure_sqlstate"))
                .containsExactly("{\"id\": \"700\"} " + state);
        assertThat(lab.quarantine("failure_message").get(0))
                .doesNotContain("secret")
                .doesNotContain("700");
        assertThat(notOnce()).containsExactly("700: 0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"40001", "40P01", "55P03", "57014"})
    void halvesTheSubBatchAfterWhatMayPassAndCountsNoAttempt(String state) {
        items("PRIMARY KEY (id)");
        lab.queue(WORK, null, "id", 5_000, 512);
        database.execute("UPDATE batched_background_migrations SET sub_batch_size_min = NULL");
        List<Long> sizes = new ArrayList<>();
        WorkFunction crowded = context -> {
            long changed = DO_ONE.migrate(context);
            sizes.add(changed);
            if (changed > 60) {
                throw new java.sql.SQLException("too many rows at once", state);
            }
            return changed;
        };

        assertThat(lab.drain(Map.of(WORK, crowded.withPending("v IS NULL"))).isComplete())
                .isTrue();

        assertThat(sizes).startsWith(512L, 256L, 128L, 64L, 32L);
        assertThat(notOnce()).isEmpty();
        assertThat(lab.jobs("m", "attempts")).containsOnly("1");
    }
}
