package org.registrybbm.springboot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;

/** The application starts, queues, runs and gates, with nothing but what docs/spring-boot.md says. */
@ExtendWith(OutputCaptureExtension.class)
class ShopApplicationTest {
    private final TestDatabase database = PostgresExtension.empty();

    @AfterEach
    void drop() {
        PostgresExtension.drop(database);
    }

    private ConfigurableApplicationContext start(String changeLog) {
        return new SpringApplicationBuilder(ShopApplication.class)
                .run(
                        "--spring.datasource.url=" + database.url(),
                        "--spring.datasource.username=postgres",
                        "--spring.liquibase.change-log=classpath:/db/" + changeLog,
                        "--spring.quartz.wait-for-jobs-to-complete-on-shutdown=false");
    }

    @Test
    void startsQueuesRunsAndGates(CapturedOutput log) {
        assertThatThrownBy(() -> start("changelog-with-gate.yaml").close())
                .rootCause()
                .hasMessageContaining("batched migration 'lower_emails' is not finished");
        try (ConfigurableApplicationContext shop = start("changelog.yaml")) {
            BatchedMigrations engine = shop.getBean(BatchedMigrations.class);
            await().atMost(Duration.ofSeconds(60)).until(() -> engine.gate().isFinished("lower_emails"));
        }
        assertThat(database.number("SELECT count(*) FROM users WHERE email <> lower(email)")).isZero();
        assertThat(log)
                .contains("works on batched migrations with 2 workers")
                .contains("batch job 1 of 'lower_emails' started")
                .contains("batched migration 'lower_emails' finished");
        start("changelog-with-gate.yaml").close();
        assertThat(database.column("SELECT id FROM databasechangelog WHERE author = 'ann' ORDER BY orderexecuted"))
                .isEqualTo(List.of("users", "lower-emails", "emails-are-lower"));
    }
}
