package org.registrybbm.migrations.status;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.PreparedStatement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** What is written down about a failure: enough to act on, and no row values. */
@ExtendWith(PostgresExtension.class)
class FailureTextTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    FailureTextTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    private static final String SECRET = "alice@example.org";

    @Test
    void keepsTheClassTheStateAndTheFirstLineOnly() {
        fixture.items(1, 10).queueItems("m", "twice", 10);
        database.execute("CREATE TABLE t.mails (mail text PRIMARY KEY); INSERT INTO t.mails VALUES ('" + SECRET + "')");

        fixture.drain(Map.of(
                "twice", context -> ItemsWork.update(context.connection(), "INSERT INTO t.mails VALUES (?)", SECRET)));

        assertThat(quarantined("failure_class")).isEqualTo("org.postgresql.util.PSQLException");
        assertThat(quarantined("failure_sqlstate")).isEqualTo("23505");
        assertThat(quarantined("failure_message"))
                .endsWith("duplicate key value violates unique constraint \"mails_pkey\"");
        assertThat(everythingWritten()).doesNotContain("alice").doesNotContain("Detail");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "INSERT INTO t.strict VALUES (2, 'alice@example.org')",
                "INSERT INTO t.strict VALUES (1, NULL)",
                "INSERT INTO t.strict VALUES (3, 'alice@example.org x')",
                "UPDATE t.strict SET parent = 77, mail = 'alice@example.org'"
            })
    void saysNoValueOfARowThatAConstraintRefuses(String sql) {
        fixture.items(1, 10).queueItems("m", "strict", 10);
        database.execute("""
                CREATE TABLE t.strict (
                    id bigint PRIMARY KEY CHECK (id < 2), mail text NOT NULL CHECK (mail NOT LIKE '% %'),
                    parent bigint REFERENCES t.strict (id)
                );
                INSERT INTO t.strict VALUES (1, 'alice@example.org', NULL)
                """);

        fixture.drain(Map.of("strict", context -> ItemsWork.update(context.connection(), sql)));

        assertThat(quarantined("failure_sqlstate")).startsWith("23");
        assertThat(everythingWritten()).doesNotContain("alice");
    }

    @Test
    void saysNoParameterOfAJdbcBatch() {
        fixture.items(1, 10).queueItems("m", "batch", 10);

        fixture.drain(Map.of("batch", context -> {
            try (PreparedStatement statement =
                    context.connection().prepareStatement("INSERT INTO t.items (id, n) VALUES (1, length(?))")) {
                statement.setString(1, SECRET);
                statement.addBatch();
                return statement.executeBatch().length;
            }
        }));

        assertThat(quarantined("failure_sqlstate")).isEqualTo("23505");
        assertThat(everythingWritten()).doesNotContain("alice");
    }

    @Test
    void saysNoValueThatCannotBeCast() {
        fixture.items(1, 10).queueItems("m", "cast", 10);

        fixture.drain(Map.of(
                "cast",
                context -> ItemsWork.update(context.connection(), "UPDATE t.items SET n = ?::text::int", SECRET)));

        assertThat(quarantined("failure_sqlstate")).isEqualTo("22P02");
        assertThat(everythingWritten()).doesNotContain("alice");
    }

    @Test
    void cutsAMessageWithoutAnEnd() {
        fixture.items(1, 10).queueItems("m", "chatty", 10);

        fixture.drain(Map.of(
                "chatty", context -> ItemsWork.update(context.connection(), "SELECT nothing_" + "x".repeat(100_000))));

        assertThat(fixture.of("m", "length(failure_message) < 1200")).isEqualTo("t");
    }

    @Test
    void forgetsTheFailureOfABatchThatSucceedsLater() {
        fixture.items(1, 10).queueItems("m", "once", 10);
        List<Integer> calls = new ArrayList<>();

        fixture.drain(Map.of("once", context -> {
            calls.add(1);
            if (calls.size() == 1) {
                throw EngineFixture.away("first");
            }
            return ItemsWork.addOne(context);
        }));

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
        assertThat(fixture.jobs(
                        "m", "coalesce(j.failure_message, j.failure_class, j.failure_error_code::text, 'nothing')"))
                .containsOnly("nothing");
    }

    @Test
    void readsACodeOfANewerVersionAsUnknown() {
        assertThat(FailureCode.of(4_711)).isEqualTo(FailureCode.UNKNOWN);
        assertThat(Stream.of(FailureCode.values()).map(code -> code.code() + " " + code.word()))
                .containsExactly(
                        "0 unknown",
                        "1 invalid_bbm_table",
                        "2 invalid_bbm_column",
                        "3 invalid_job_signature",
                        "4 max_job_retry",
                        "5 invalid_batching_strategy",
                        "10 invalid_bounds",
                        "11 invalid_batch_size",
                        "12 missing_index",
                        "13 invalid_arguments",
                        "14 no_progress",
                        "15 quarantined_rows",
                        "16 quarantine_full",
                        "17 pending_unknown",
                        "18 row_security",
                        "19 inherited_table",
                        "20 insufficient_privilege",
                        "21 key_changed",
                        "22 definition_changed");
    }

    @Test
    void saysWhereAFunctionRaisedAnExceptionButNotWhatItSaid() {
        fixture.items(1, 10).queueItems("m", ItemsWork.ADD_ONE, 10);
        database.execute("""
                CREATE FUNCTION t.refuse() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'not for alice@example.org'; END $$;
                CREATE TRIGGER refuse BEFORE UPDATE ON t.items FOR EACH ROW EXECUTE FUNCTION t.refuse()
                """);

        fixture.drain(Map.of());

        assertThat(quarantined("failure_sqlstate")).isEqualTo("P0001");
        assertThat(quarantined("failure_message")).contains("PL/pgSQL function t.refuse() line 1 at RAISE");
        assertThat(everythingWritten()).doesNotContain("alice");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "EXECUTE 'SELECT 1 FROM \"' || NEW.mail || '\"'",
                "EXECUTE 'SELECT \"' || NEW.mail || '\"()'",
                "EXECUTE 'SELEC ' || NEW.mail",
                "EXECUTE 'SELECT 1 / 0, ' || quote_literal(NEW.mail)",
                "FOR NEW.n IN EXECUTE 'SELECT \"' || NEW.mail || '\"' LOOP END LOOP",
                "PERFORM nextval(quote_ident(NEW.mail))",
                "PERFORM quote_ident(NEW.mail)::regclass",
                "PERFORM has_table_privilege(quote_ident(NEW.mail), 'SELECT')"
            })
    @Sample(oneOf = 3)
    void saysNothingOfAStatementOrANameThatAFunctionMakesOfARow(String body) {
        fixture.items(1, 10).queueItems("m", ItemsWork.ADD_ONE, 10);
        database.execute("""
                ALTER TABLE t.items ADD mail text DEFAULT 'alice@example.org';
                CREATE FUNCTION t.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN %s; RETURN NEW; END $$;
                CREATE TRIGGER refuse BEFORE UPDATE ON t.items FOR EACH ROW EXECUTE FUNCTION t.refuse()
                """.formatted(body));

        fixture.drain(Map.of());

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FAILED);
        assertThat(everythingWritten()).doesNotContain("alice");
    }

    @Test
    void saysWhatAFunctionItselfGotWrong() {
        fixture.items(1, 10).queueItems("m", ItemsWork.ADD_ONE, 10);
        database.execute("""
                CREATE FUNCTION t.refuse() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM no_such_function(); RETURN NEW; END $$;
                CREATE TRIGGER refuse BEFORE UPDATE ON t.items FOR EACH ROW EXECUTE FUNCTION t.refuse()
                """);

        fixture.drain(Map.of());

        assertThat(quarantined("failure_message")).contains("function no_such_function() does not exist");
    }

    private String quarantined(String column) {
        return database.column("SELECT DISTINCT " + column + " FROM batched_background_migration_quarantined_rows")
                .get(0);
    }

    private String everythingWritten() {
        return String.join("\n", database.column("""
                SELECT m::text FROM batched_background_migrations m
                UNION ALL SELECT j::text FROM batched_background_migration_jobs j
                UNION ALL SELECT q::text FROM batched_background_migration_quarantined_rows q
                """));
    }
}
