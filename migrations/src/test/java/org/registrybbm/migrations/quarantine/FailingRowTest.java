package org.registrybbm.migrations.quarantine;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.RefusingItems;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A row whose data refuses the change is found among the others, whatever the error is; what may pass by itself is no such error. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class FailingRowTest {
    private static final String WORK = "work";
    private static final int ROWS = 1_200;

    private final EngineFixture fixture;
    private final TestDatabase database;
    private final RefusingItems items;

    FailingRowTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        this.items = new RefusingItems(database, ROWS);
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
    @Sample(oneOf = 3)
    void findsTheRowThatFailsWhateverTheErrorIs(String state, String constraint) {
        items.create("PRIMARY KEY (id), " + constraint);
        fixture.queue(WORK, null, "id", 5_000, 1_100);

        fixture.drain(Map.of(WORK, ItemsWork.DO_ONE));

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(fixture.quarantine("row_key::text || ' ' || failure_sqlstate"))
                .containsExactly("{\"id\": \"700\"} " + state);
        assertThat(fixture.quarantine("failure_message").get(0))
                .doesNotContain("700")
                .doesNotContain("secret");
        assertThat(items.notOnce()).containsExactly("700: 0");
        assertThat(fixture.jobs("m", "attempts")).containsOnly("1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "P0001", "P0002", "45000", "ZZ999", "70001", "99000", "22000", "23514", "0A000", "09000", "20000",
                "21000", "27000", "2F000", "38000", "39000", "3F000", "42P01", "42501", "42883", "54000", "55000",
                "XX000", "XX001"
            })
    @Sample(oneOf = 4)
    void findsTheRowThatATriggerRefuses(String state) {
        items.create("PRIMARY KEY (id)");
        database.execute("""
                CREATE FUNCTION t.refuse() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE 'secret %%', new.id USING ERRCODE = '%s'; END $$;
                CREATE TRIGGER refuse BEFORE UPDATE ON t.items FOR EACH ROW WHEN (new.id = 700) EXECUTE FUNCTION t.refuse()
                """.formatted(state));
        fixture.queue(WORK, null, "id", 500, 500);

        fixture.drain(Map.of(WORK, ItemsWork.DO_ONE));

        assertThat(fixture.quarantine("row_key::text || ' ' || failure_sqlstate"))
                .containsExactly("{\"id\": \"700\"} " + state);
        assertThat(fixture.quarantine("failure_message").get(0))
                .doesNotContain("secret")
                .doesNotContain("700");
        assertThat(items.notOnce()).containsExactly("700: 0");
    }

    @Test
    void findsTheRowThatAnIndexHasNoRoomFor() {
        items.create("PRIMARY KEY (id), s text");
        database.execute("CREATE INDEX ON t.items (s)");
        fixture.queue(WORK, null, "id", 500, 500);
        String text =
                "(SELECT string_agg(md5(i::text), '') FROM generate_series(1, CASE id WHEN 700 THEN 300 ELSE 1 END) i)";

        fixture.drain(Map.of(WORK, context -> context.update("n = n + 1, s = " + text)));

        assertThat(fixture.quarantine("row_key::text || ' ' || failure_sqlstate"))
                .containsExactly("{\"id\": \"700\"} 54000");
        assertThat(items.notOnce()).containsExactly("700: 0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"no_such = 1", "n = no_such(n)", "n = 'no_such'::regclass::int", "n = n + NULL::t.no_such"})
    void blamesNoRowForWhatFailsWithoutAny(String assignment) {
        items.create("PRIMARY KEY (id)");
        fixture.queue(WORK, null, "id", 500, 500);
        BatchedMigrations engine = fixture.engine(Map.of(WORK, context -> context.update(assignment)));

        engine.runner().run(engine.planner().plan().due().get(0), StopSignal.NEVER);

        assertThat(fixture.quarantine("row_key")).isEmpty();
        assertThat(fixture.jobs("m", "attempts || ' ' || j.failure_sqlstate").get(0))
                .startsWith("1 42");
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("null");
    }

    @ParameterizedTest
    @ValueSource(strings = {"40001", "40P01", "55P03", "57014"})
    @Sample(oneOf = 2)
    void halvesTheSubBatchAfterWhatMayPassAndCountsNoAttempt(String state) {
        items.create("PRIMARY KEY (id)");
        fixture.queue(WORK, null, "id", 5_000, 512);
        database.execute("UPDATE batched_background_migrations SET sub_batch_size_min = NULL");
        List<Long> sizes = new ArrayList<>();
        WorkFunction crowded = context -> {
            long changed = ItemsWork.DO_ONE.migrate(context);
            sizes.add(changed);
            if (changed > 60) {
                throw new SQLException("too many rows at once", state);
            }
            return changed;
        };

        assertThat(fixture.drain(Map.of(WORK, crowded.withPending("v IS NULL"))).isComplete())
                .isTrue();

        assertThat(sizes).startsWith(512L, 256L, 128L, 64L, 32L);
        assertThat(items.notOnce()).isEmpty();
        assertThat(fixture.jobs("m", "attempts")).containsOnly("1");
    }

    @Test
    void setsAFewAsideAmongMany() {
        int rows = Integer.getInteger("failing.rows", 10_000);
        database.execute("""
                CREATE TABLE t.items (
                    id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0, v int, fits boolean,
                    CONSTRAINT fitting CHECK (fits OR n = 0)
                );
                INSERT INTO t.items SELECT i, 0, NULL, i %% (%1$d / 37) > 0 OR i > %1$d / 37 * 37 FROM generate_series(1, %1$d) i
                """.formatted(rows));
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work(WORK)
                        .table("t.items")
                        .byKey("id")
                        .batchSize(rows / 10)
                        .build());

        fixture.drain(Map.of(WORK, ItemsWork.DO_ONE));

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(fixture.quarantine("failure_sqlstate")).hasSize(37).containsOnly("23514");
        assertThat(database.number("SELECT count(*) FROM t.items WHERE n = 1 AND fits"))
                .isEqualTo(rows - 37);
        database.execute("UPDATE t.items SET fits = true WHERE NOT fits");
        assertThat(fixture.engine(Map.of()).quarantine().retry(List.of("m")))
                .containsExactly(new RetryResult("m", true, 37, 0, false));
        assertThat(fixture.drain(Map.of(WORK, ItemsWork.DO_ONE)).isComplete()).isTrue();
        assertThat(items.notOnce()).isEmpty();
        assertThat(fixture.of("m", "verified_at IS NOT NULL")).isEqualTo("t");
        assertThat(fixture.engine(Map.of()).eventLog().newest("m", 1_000))
                .filteredOn(event -> event.event().equals("retried"))
                .hasSize(1);
    }
}
