package org.registrybbm.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

@ExtendWith(PostgresExtension.class)
class DatabaseAwayTest {
    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void replicaIsAliveButNotReadyAndIsScrapedWithoutProgress(TestDatabase database) throws Exception {
        database.execute("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name)
                VALUES ('waiting', 1, 1000, 100, 0, 'copyColumn', 'public.things', 'id');
                """);
        try (FreezingProxy proxy = FreezingProxy.to(database.url())) {
            HostApplication application = HostApplication.serve(proxy.url());
            try {
                await().atMost(RegistryJar.PATIENCE).until(() -> ready(application) == 200);
                assertThat(application.get("/prometheus").body()).contains("migration_name=\"waiting\"");

                proxy.freeze();

                await().atMost(RegistryJar.PATIENCE).until(() -> ready(application) == 503);
                assertThat(application
                                .getApplication("/health-check?type=alive")
                                .statusCode())
                        .isEqualTo(200);
                await().atMost(RegistryJar.PATIENCE).untilAsserted(() -> {
                    HttpResponse<String> scrape = application.get("/prometheus");
                    assertThat(scrape.statusCode()).isEqualTo(200);
                    assertThat(scrape.body())
                            .contains("registry_bbm_runs_total")
                            .doesNotContain("migration_name=\"waiting\"");
                });
            } finally {
                application.stop();
            }
        }
    }

    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void aReplicaWhoseMigrationsStandStillServesAndSaysSo(TestDatabase database) throws Exception {
        HostApplication application = HostApplication.serve(database.url());
        try (Connection person = database.getConnection();
                Statement statement = person.createStatement()) {
            await().atMost(RegistryJar.PATIENCE)
                    .until(() -> checkedIn(application).equals("1.0"));
            person.setAutoCommit(false);
            statement.execute("LOCK TABLE batched_background_migrations");

            await().atMost(RegistryJar.PATIENCE)
                    .until(() -> checkedIn(application).equals("0.0"));
            await().atMost(RegistryJar.PATIENCE)
                    .until(() -> application
                            .get("/healthcheck")
                            .body()
                            .contains("\"batched-migrations-scheduler\":{\"healthy\":false"));
            assertThat(ready(application)).isEqualTo(200);
            person.rollback();

            await().atMost(RegistryJar.PATIENCE)
                    .until(() -> checkedIn(application).equals("1.0"));
        } finally {
            application.stop();
        }
    }

    private static String checkedIn(HostApplication application) throws Exception {
        return application
                .get("/prometheus")
                .body()
                .lines()
                .filter(line -> line.startsWith("registry_bbm_scheduler_checked_in "))
                .map(line -> line.substring(line.indexOf(' ') + 1))
                .findFirst()
                .orElse("not there");
    }

    private static int ready(HostApplication application) throws Exception {
        return application.getApplication("/health-check?type=ready").statusCode();
    }
}
