package org.registrybbm.migrations.running;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A person locks one row, or CREATE INDEX the table, for longer than all tries of a batch job together. */
@ExtendWith(PostgresExtension.class)
class LockWaitTest {
    private static final int TRIES = EngineSettings.defaults().maxJobAttempts() + 2;

    private final EngineFixture fixture;
    private final TestDatabase database;
    private final EngineSettings settings = EngineFixture.SETTINGS.toBuilder()
            .lockTimeout(Duration.ofMillis(50))
            .build();

    LockWaitTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SELECT FROM t.items WHERE id = 500 FOR UPDATE | 499",
                "UPDATE t.items SET v = 1 WHERE id = 500       | 499",
                "DELETE FROM t.items WHERE id = 500            | 499",
                "LOCK TABLE t.items IN SHARE MODE              | 0",
                "LOCK TABLE t.items IN ACCESS EXCLUSIVE MODE   | 0",
            })
    @Sample(oneOf = 2)
    void isWaitedForWithoutAnAttemptCounted(String lock, long done) throws SQLException {
        fixture.items(1, 1_000).queueItems("m", ItemsWork.ADD_ONE, 1_000);
        database.execute("UPDATE batched_background_migrations SET max_value = 1000");
        BatchedMigrations engine = fixture.engine(settings);
        long job = engine.planner().plan().due().get(0);

        try (Connection person = database.getConnection();
                Statement statement = person.createStatement()) {
            statement.execute("SET application_name = 'a person'");
            person.setAutoCommit(false);
            statement.execute(lock);
            for (int i = 0; i < TRIES; i++) {
                database.execute("UPDATE batched_background_migration_jobs SET retry_at = clock_timestamp()");

                assertThat(engine.runner().run(job, StopSignal.NEVER))
                        .isEqualTo(new BatchOutcome.HandedBack(job, BatchOutcome.Reason.LOCKED));
            }

            assertThat(fixture.jobs("m", "j.status || ' ' || j.attempts || ' ' || coalesce(j.last_key ->> 0, '0')"))
                    .containsExactly("1 0 " + done);
            assertThat(fixture.jobs("m", "retry_at - clock_timestamp() BETWEEN interval '1 s' AND interval '60 s'"))
                    .containsExactly("t");
            assertThat(engine.planner().plan().due()).isEmpty();
            assertThat(engine.status().overviews(List.of("m")).get(0).explanation())
                    .startsWith("has waited since ")
                    .contains(" for a lock of process ", "a person of ", ", whose transaction began at 2");
            person.rollback();
        }
        database.execute("UPDATE batched_background_migration_jobs SET retry_at = clock_timestamp()");

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
        assertThat(fixture.jobs("m", "lock_waits || coalesce(blocked_by, '') || coalesce(blocked_since::text, '')"))
                .containsExactly("0");
    }

    /** What is not behind the row is done meanwhile, and what is behind it is no more than the rest of its batch. */
    @Test
    void isGoneRoundByTheOtherBatchJobs() throws SQLException {
        fixture.items(1, 1_000).queueItems("m", ItemsWork.ADD_ONE, 100);
        database.execute("UPDATE batched_background_migrations SET max_value = 1000, batch_size_fixed = true");
        BatchedMigrations engine = fixture.engine(settings);

        try (Connection person = database.getConnection();
                Statement statement = person.createStatement()) {
            person.setAutoCommit(false);
            statement.execute("SELECT FROM t.items WHERE id = 255 FOR UPDATE");
            for (List<Long> due = engine.planner().plan().due();
                    !due.isEmpty();
                    due = engine.planner().plan().due()) {
                due.forEach(job -> engine.runner().run(job, StopSignal.NEVER));
            }

            assertThat(database.column("SELECT id FROM t.items WHERE n = 0 ORDER BY id"))
                    .first()
                    .isEqualTo("255");
            assertThat(database.number("SELECT count(*) FROM t.items WHERE n = 0 AND id > 300"))
                    .isZero();
            assertThat(fixture.status("m")).isEqualTo(MigrationStatus.RUNNING);
            person.rollback();
        }
    }
}
