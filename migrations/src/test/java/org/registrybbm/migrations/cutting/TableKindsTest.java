package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.EngineRole;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.TableKind;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The kinds of tables and rights: a migration changes every row, or it is refused before the first one, with a code and a remedy. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
@Timeout(30)
class TableKindsTest {
    private static final int ROWS = 20;
    private static final String COPY = "{\"from\": \"a\", \"to\": \"b\"}";

    private final EngineFixture fixture;
    private final TestDatabase database;
    private final TestDatabase role;

    TableKindsTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        this.role = EngineRole.of(database);
        database.execute("DROP FOREIGN DATA WRAPPER IF EXISTS nothing CASCADE; DROP PUBLICATION IF EXISTS published");
        database.execute("CREATE TABLE t.items (id bigint PRIMARY KEY, a int, b int)");
    }

    static Stream<TableKind> kinds() {
        return TableKind.all();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    @Sample(oneOf = 4)
    void isChangedOrRefusedBeforeTheFirstRow(TableKind kind) {
        database.execute(kind.sql());
        boolean filled = database.text("SELECT relkind IN ('r', 'p') FROM pg_class WHERE oid = 't.items'::regclass")
                .equals("t");
        if (filled) {
            database.execute("INSERT INTO t.items (id, a) SELECT i, i FROM generate_series(1, %d) i".formatted(ROWS));
        }
        queue("copyColumn", "t.items", kind.column(), kind.strategy(), COPY);

        RunResult result = run();

        if (kind.code() != null) {
            assertRefused(result, kind.code(), kind.text());
        } else {
            assertThat(result.failed()).isEmpty();
            assertThat(result.isComplete()).isTrue();
        }
        if (filled) {
            assertThat(database.number("SELECT count(*) FROM " + kind.local() + " WHERE a = b"))
                    .isEqualTo(kind.code() == null ? ROWS : 0);
        }
    }

    @Test
    void needsTheSequenceThatItFillsFrom() {
        database.execute(EngineRole.in("INSERT INTO t.items SELECT 1; CREATE SEQUENCE t.numbers; " + TableKind.ALL));
        queue("fillColumn", "t.items", "id", null, "{\"column\": \"b\", \"sequence\": \"t.numbers\"}");

        assertRefused(run(), 20, "GRANT USAGE ON SEQUENCE t.numbers TO engine");
        database.execute(EngineRole.in("GRANT USAGE ON SEQUENCE t.numbers TO engine"));
        assertThat(run().isComplete()).isTrue();
        assertThat(database.number("SELECT b FROM t.items")).isEqualTo(1);
    }

    @Test
    void goesOnOnceTheRightsAreGranted() {
        database.execute("INSERT INTO t.items (id, a) VALUES (1, 1)");
        queue("copyColumn", "t.items", "id", null, COPY);
        assertThat(run().failed()).hasSize(1);
        database.execute(fixture.of("m", "failure_message").replaceFirst("(?s).*?: ", ""));

        assertThat(run().isComplete()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "pg_catalog.pg_class",
                "information_schema.sql_features",
                "public.batched_background_migration_jobs",
                "public.qrtz_triggers",
                "public.databasechangelog"
            })
    @Sample(oneOf = 2)
    void leavesTablesOfTheSystemAndOfItselfAlone(String table) {
        queue("copyColumn", table, "oid", TableKind.BLOCKS, COPY);

        assertThat(EngineFixture.engine(database, EngineFixture.SETTINGS, Map.of())
                        .runToEnd(List.of(), StopSignal.NEVER)
                        .failed())
                .hasSize(1);
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("1");
        assertThat(fixture.of("m", "failure_message")).contains("belongs to");
    }

    @Test
    void leavesTemporaryTablesToTheirSession() throws SQLException {
        try (Connection session = database.getConnection()) {
            ItemsWork.update(session, "CREATE TEMPORARY TABLE mine (id bigint PRIMARY KEY, a int, b int)");
            String schema = database.text("SELECT relnamespace::regnamespace FROM pg_class WHERE relname = 'mine'");
            queue("copyColumn", schema + ".mine", "id", null, COPY);

            assertRefused(run(), 1, "temporary");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE RULE swallow AS ON UPDATE TO t.items DO INSTEAD NOTHING",
                "CREATE FUNCTION t.swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
                        + " CREATE TRIGGER swallow BEFORE UPDATE ON t.items FOR EACH ROW EXECUTE FUNCTION t.swallow()"
            })
    void isNeverFinishedWhereTheDatabaseSwallowsTheChange(String sql) {
        database.execute(EngineRole.in(
                TableKind.ALL + "; INSERT INTO t.items (id, a) SELECT i, i FROM generate_series(1, 50) i"));
        database.execute(sql);
        for (@Nullable String strategy : new @Nullable String[] {null, TableKind.BLOCKS}) {
            database.execute("DELETE FROM batched_background_migrations");
            queue("copyColumn", "t.items", "id", strategy, COPY);

            assertThat(run().finished()).isEmpty();
            assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FAILED);
        }
    }

    @Test
    void walksPartitionsThatAreRenamedAndNewOnes() {
        database.execute(EngineRole.in(TableKind.SPLIT + TableKind.ALL));
        database.execute("INSERT INTO t.items (id, a) SELECT i, i FROM generate_series(1, 20) i");
        queue("copyColumn", "t.items", "id", null, COPY);
        assertThat(engine().planner().plan().due()).isNotEmpty();
        database.execute(EngineRole.in("""
                ALTER TABLE t.low RENAME TO "Lower";
                CREATE TABLE t.high PARTITION OF t.items FOR VALUES FROM (1000) TO (2000);
                ALTER TABLE t.high ADD PRIMARY KEY (id);
                INSERT INTO t.items (id, a) VALUES (1500, 1500);
                """ + TableKind.ALL));

        assertThat(run().isComplete()).isTrue();
        assertThat(database.number("SELECT count(*) FROM t.items WHERE a = b")).isEqualTo(21);
    }

    private void assertRefused(RunResult result, int code, String text) {
        assertThat(result.failed()).singleElement().satisfies(failed -> {
            assertThat(failed.failure()).isNotNull().satisfies(failure -> {
                assertThat(failure.message()).contains(EngineRole.in(text));
                assertThat(failure.code().code()).isEqualTo(code);
            });
        });
        assertThat(database.number("SELECT count(*) FROM batched_background_migration_jobs"))
                .isZero();
    }

    @Test
    void findsNothingDoneWhereAPolicyComesInBetween() {
        database.execute(
                EngineRole.in("INSERT INTO t.items SELECT i, i FROM generate_series(1, 100) i;" + TableKind.ALL));
        queue("copyColumn", "t.items", "id", null, COPY);
        database.execute("UPDATE batched_background_migrations SET sub_batch_size_max = 1, batch_size_fixed = true");
        long job = engine().planner().plan().due().get(0);
        AtomicInteger asked = new AtomicInteger();

        BatchOutcome outcome = engine().runner().run(job, () -> {
            if (asked.incrementAndGet() == 3) {
                database.execute("ALTER TABLE t.items ENABLE ROW LEVEL SECURITY");
            }
            return false;
        });

        assertThat(outcome).isInstanceOf(BatchOutcome.Failed.class);
        assertThat(database.number("SELECT count(*) FROM t.items WHERE a = b")).isEqualTo(2);
        assertThat(run().failed()).hasSize(1);
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("18");
    }

    private BatchedMigrations engine() {
        return EngineFixture.engine(role, EngineFixture.SETTINGS, Map.of());
    }

    private RunResult run() {
        return engine().runToEnd(List.of(), StopSignal.NEVER);
    }

    private void queue(String signature, String table, String column, @Nullable String strategy, String arguments) {
        fixture.engine(Map.of())
                .store()
                .queue(EngineFixture.migration(
                        "m",
                        signature,
                        table,
                        column,
                        strategy,
                        strategy == null ? 1 : 0,
                        strategy == null ? Long.MAX_VALUE : 0,
                        5,
                        arguments));
    }
}
