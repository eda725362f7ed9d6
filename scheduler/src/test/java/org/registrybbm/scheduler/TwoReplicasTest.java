package org.registrybbm.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.EngineSettings;
import org.registrybbm.migrations.NewBatchedMigration;
import org.registrybbm.migrations.testkit.PostgresExtension;
import org.registrybbm.migrations.testkit.TestDatabase;

@ExtendWith(PostgresExtension.class)
class TwoReplicasTest {
    private final List<BatchedMigrationScheduler> replicas = new ArrayList<>();

    @AfterEach
    void stop() {
        replicas.forEach(BatchedMigrationScheduler::close);
    }

    @Test
    void shareTheBatchesOfOneMigrationAndChangeEachRowOnce(TestDatabase database) throws Exception {
        database.execute("""
                CREATE TABLE public.users (id bigint PRIMARY KEY, n int NOT NULL, n_big bigint, changes int NOT NULL DEFAULT 0);
                INSERT INTO public.users SELECT i, i FROM generate_series(1, 100000) i;
                CREATE FUNCTION public.count_change() RETURNS trigger LANGUAGE plpgsql
                    AS 'BEGIN NEW.changes = OLD.changes + 1; RETURN NEW; END';
                CREATE TRIGGER count_change BEFORE UPDATE ON public.users
                    FOR EACH ROW EXECUTE FUNCTION public.count_change()
                """);
        BatchedMigrations one = engine(database, "one");
        one.store()
                .queue(NewBatchedMigration.ofKeys("widen", "copyColumn", "public.users", "id", 1_000)
                        .withArguments("{\"from\": \"n\", \"to\": \"n_big\", \"cast\": \"bigint\"}"));
        start(one, database, "one");
        start(engine(database, "two"), database, "two");

        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(
                                database.text("SELECT status FROM batched_background_migrations WHERE name = 'widen'"))
                        .isEqualTo("2"));

        assertThat(database.number("SELECT count(*) FROM public.users WHERE n_big = n AND changes = 1"))
                .isEqualTo(100_000);
        System.out.println(
                database.column(
                        "SELECT lease_owner || ' ' || count(*) || ' ' || sum(busy_ms) || ' ' || min(started_at) || ' ' || max(finished_at) FROM batched_background_migration_jobs GROUP BY lease_owner"));
    }

    private static BatchedMigrations engine(TestDatabase database, String name) {
        return BatchedMigrations.on(database)
                .replica(name)
                .settings(EngineSettings.defaults()
                        .withTargets(new EngineSettings.Targets(Duration.ZERO, Duration.ofMillis(500))))
                .build();
    }

    private void start(BatchedMigrations engine, TestDatabase database, String name) throws Exception {
        BatchedMigrationScheduler replica = BatchedMigrationScheduler.on(engine)
                .quartzDataSource(database)
                .replica(name)
                .build();
        replicas.add(replica);
        replica.start();
    }
}
