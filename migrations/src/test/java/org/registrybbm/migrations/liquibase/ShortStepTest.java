package org.registrybbm.migrations.liquibase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A step that needs a table for itself gets it without making others wait. */
@ExtendWith(PostgresExtension.class)
class ShortStepTest {
    private static final String STEP =
            "SELECT run_short_step(ARRAY['t.items'], 'ALTER TABLE t.items ADD COLUMN added int')";

    private final TestDatabase database;

    ShortStepTest(TestDatabase database) {
        this.database = database;
        EngineFixture.clean(database).items(1, 20);
        database.execute("""
                DROP ROLE IF EXISTS short_step_owner;
                CREATE ROLE short_step_owner;
                GRANT USAGE, CREATE ON SCHEMA t TO short_step_owner;
                ALTER TABLE t.items OWNER TO short_step_owner
                """);
    }

    @AfterEach
    void forget() {
        database.execute("DROP SCHEMA t CASCADE; DROP ROLE short_step_owner; CREATE SCHEMA t");
    }

    private void run(String sql) {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
            statement.execute("RESET ROLE");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Whoever may not read when the transactions of others began waits for them all the same, and no longer than they take. */
    @ParameterizedTest
    @ValueSource(strings = {"", "SET ROLE short_step_owner; "})
    void doesNotAskForTheLockWhileAnOldTransactionIsThere(String role) throws Exception {
        CompletableFuture<Void> step;
        try (Connection reader = database.getConnection();
                Statement read = reader.createStatement()) {
            reader.setAutoCommit(false);
            read.execute("SELECT count(*), pg_sleep(1.2) FROM (SELECT FROM t.items LIMIT 1) AS one");
            step = CompletableFuture.runAsync(() -> run(role + STEP));
            await().until(() -> locks("ShareUpdateExclusiveLock", true) == 1);

            assertThat(IntStream.range(0, 300)
                            .mapToLong(i -> locks("AccessExclusiveLock", false))
                            .sum())
                    .isZero();
            reader.commit();
        }
        step.get(20, TimeUnit.SECONDS);
        assertThat(database.text("SELECT count(added) FROM t.items")).isEqualTo("0");
    }

    private long locks(String mode, boolean granted) {
        return database.number("SELECT count(*) FROM pg_locks WHERE relation = 't.items'::regclass AND mode = '" + mode
                + "' AND granted = " + granted);
    }

    /** With no limit at all, the last of very many tables would be waited for while all others are locked. */
    @ParameterizedTest
    @CsvSource({"1,'',200ms", "2,'',100ms", "3,'',66ms", "250,'',1ms", "1,2s,2s", "4,2s,500ms"})
    void sharesItsWaitAmongItsTables(int tables, String longest, String limit) {
        database.execute("""
                SET registry_bbm.longest_wait = '%2$s';
                DO $$ BEGIN FOR i IN 1 .. %1$d LOOP EXECUTE format('CREATE TABLE t.t%%s (id int)', i); END LOOP; END $$;
                SELECT run_short_step(
                    ARRAY(SELECT 't.t' || i FROM generate_series(1, %1$d) AS i),
                    'CREATE TABLE t.seen AS SELECT current_setting(''lock_timeout'') AS lock_timeout'
                );
                RESET registry_bbm.longest_wait
                """.formatted(tables, longest));

        assertThat(database.text("SELECT lock_timeout FROM t.seen")).isEqualTo(limit);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0s", "2min"})
    void refusesAWaitThatNobodyMeans(String longest) {
        assertThatThrownBy(() -> run("SET registry_bbm.longest_wait = '" + longest + "'; " + STEP))
                .hasStackTraceContaining("but must be between 1ms and 60s");
    }
}
