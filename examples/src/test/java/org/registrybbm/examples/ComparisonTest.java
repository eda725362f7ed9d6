package org.registrybbm.examples;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.kagkarlsson.scheduler.Scheduler;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The three programs of docs/comparison.md do the same. */
@ExtendWith(PostgresExtension.class)
class ComparisonTest {
    @BeforeEach
    void users(TestDatabase database) {
        database.execute("""
                CREATE SCHEMA shop;
                CREATE TABLE shop.users (id bigint PRIMARY KEY, email text);
                INSERT INTO shop.users SELECT n, 'Jane' || n FROM generate_series(1, 5000) AS n
                """);
    }

    @AfterEach
    void everyEmailIsDone(TestDatabase database) {
        long left = database.number("SELECT count(*) FROM shop.users WHERE email <> lower(email)");
        database.execute("DROP SCHEMA shop CASCADE");
        assertThat(left).isZero();
    }

    @Test
    void byHand(TestDatabase database) throws Exception {
        ByHand.lowerCaseEmails(database);
    }

    @Test
    void withDbScheduler(TestDatabase database) {
        database.execute("""
                CREATE TABLE public.scheduled_tasks (
                    task_name text NOT NULL, task_instance text NOT NULL, task_data bytea,
                    execution_time timestamptz NOT NULL, picked boolean NOT NULL, picked_by text,
                    last_success timestamptz, last_failure timestamptz, consecutive_failures int,
                    last_heartbeat timestamptz, version bigint NOT NULL, priority smallint,
                    PRIMARY KEY (task_name, task_instance)
                )
                """);
        Scheduler scheduler = Scheduler.create(database)
                .startTasks(WithDbScheduler.lowerCaseEmails(database))
                .pollingInterval(Duration.ofMillis(50))
                .build();
        scheduler.start();
        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .until(() -> database.number("SELECT count(*) FROM public.scheduled_tasks") == 0);
        scheduler.stop();
    }

    @Test
    void withBatchedMigrations(TestDatabase database) {
        BatchedMigrations engine = WithBatchedMigrations.lowerCaseEmails(database);

        assertThat(engine.runToEnd(List.of(), StopSignal.NEVER).isComplete()).isTrue();
    }
}
