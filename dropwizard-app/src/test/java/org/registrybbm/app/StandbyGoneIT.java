package org.registrybbm.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.registrybbm.app.RegistryJar.Result;
import org.registrybbm.app.RegistryJar.Running;
import org.registrybbm.migrations.testkit.OwnServer;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

@EnabledIf("org.registrybbm.migrations.testkit.OwnServer#isPossible")
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class StandbyGoneIT {
    @TempDir
    private Path directory;

    @Test
    void pauseIsInForceAndRunSaysWhatItWaitsFor() throws Exception {
        try (OwnServer server = OwnServer.start(Map.of())) {
            TestDatabase database = server.database("gone", PostgresExtension.ENGINE_CHANGELOG);
            database.execute("""
                    CREATE TABLE things (id bigint PRIMARY KEY, n int, m bigint);
                    INSERT INTO things SELECT n, n FROM generate_series(1, 500) AS n;
                    INSERT INTO batched_background_migrations
                        (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name, arguments)
                    VALUES ('m', 1, 500, 100, 1, 'copyColumn', 'public.things', 'id', '{"from": "n", "to": "m"}')
                    """);
            server.standby("gone");
            RegistryJar registry = RegistryJar.on(database.url(), directory);

            Result paused = registry.run("background-migrate", "pause");

            assertThat(paused.exit()).isZero();
            assertThat(paused.out()).isEmpty();
            assertThat(paused.err())
                    .contains("m: active -> paused")
                    .contains("is set on this server and in force, but no synchronous standby confirmed it");
            assertThat(database.text("SELECT status FROM batched_background_migrations"))
                    .isEqualTo("0");
            try (Running run = registry.start("background-migrate", "run")) {
                await().atMost(RegistryJar.PATIENCE)
                        .until(() -> run.err().contains("0 of 1 finished; m ")
                                && run.err().contains("waits for a synchronous standby to confirm commits"));
            }
        }
    }
}
