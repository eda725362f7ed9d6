package org.registrybbm.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.registrybbm.app.RegistryJar.Running;
import org.registrybbm.app.internal.sentry.SentrySink;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

@ExtendWith(PostgresExtension.class)
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class ServerIT {
    private static final int STOP_SECONDS = 10;

    // Each row takes 2 ms, so the batch job is in flight for a while.
    private static final String SLOW = """
            CREATE TABLE slow (id bigint PRIMARY KEY, small int NOT NULL, wide bigint NOT NULL DEFAULT 0);
            INSERT INTO slow SELECT n, n FROM generate_series(1, 10000) AS n;
            CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep(0.002); RETURN NEW; END $$;
            CREATE TRIGGER slowly BEFORE UPDATE ON slow FOR EACH ROW EXECUTE FUNCTION slowly();
            INSERT INTO batched_background_migrations
                (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name, arguments)
            VALUES ('slow', 1, 10000, 10000, 1, 'copyColumn', 'public.slow', 'id', '{"from": "small", "to": "wide"}');
            """;

    @TempDir
    private Path directory;

    @Test
    void logsEachEventAsOneJsonLineAndStopsInOrder(TestDatabase database) throws Exception {
        database.execute("""
                CREATE TABLE logged (id bigint PRIMARY KEY, media_type_id int, media_type_id_convert_to_bigint bigint);
                INSERT INTO logged SELECT n, n, 0 FROM generate_series(1, 500) AS n;
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name)
                VALUES ('copy_logged', 1, 500, 100, 1, 'copyManifestMediaTypeIDToNewBigIntColumn', 'public.logged', 'id');
                """);
        try (Running server = RegistryJar.on(database.url(), directory).start("server")) {
            await().atMost(RegistryJar.PATIENCE)
                    .until(() -> server.out().contains("batched migration 'copy_logged' finished"));
            server.process().destroy();

            assertThat(server.process().waitFor(STOP_SECONDS, TimeUnit.SECONDS)).isTrue();
            assertThat(lines(server))
                    .filteredOn(line -> line.path("component").asText().equals("registry.bbm.Worker"))
                    .extracting(line -> line.path("message").asText())
                    .contains(
                            "batch job 1 of 'copy_logged' started",
                            "batch job 1 of 'copy_logged' finished",
                            "batched migration 'copy_logged' finished");
            assertThat(database.number("SELECT count(*) FROM logged WHERE media_type_id_convert_to_bigint = id"))
                    .isEqualTo(500);
        }
    }

    @Test
    void stopsWithinTenSecondsWhenTheDatabaseAndSentryHang(TestDatabase database) throws Exception {
        try (FreezingProxy proxy = FreezingProxy.to(database.url());
                SentrySink sentry = SentrySink.open();
                Running server = new RegistryJar(
                                directory, Map.of("REGISTRY_DATABASE_URL", proxy.url(), "SENTRY_DSN", sentry.dsn()))
                        .start("server")) {
            sentry.delay(RegistryJar.PATIENCE);
            database.execute(SLOW);
            database.execute(sick("unheard"));
            await().atMost(RegistryJar.PATIENCE)
                    .until(() ->
                            sentry.requests() > 0 && database.number("SELECT count(*) FROM slow WHERE wide <> 0") > 0);
            proxy.freeze();
            server.process().destroy();

            assertThat(server.process().waitFor(STOP_SECONDS, TimeUnit.SECONDS))
                    .as(() -> output(server))
                    .isTrue();
        }
    }

    /** Also what is reported just before the stop, to a Sentry that takes a second to answer. */
    @Test
    void reportsToSentryWhoWhatAndWhichRelease(TestDatabase database) throws Exception {
        Map<String, String> variables;
        try (SentrySink sentry = SentrySink.open()) {
            variables = Map.of(
                    "REGISTRY_DATABASE_URL",
                    database.url(),
                    "SENTRY_DSN",
                    sentry.dsn(),
                    "SENTRY_ENVIRONMENT",
                    "staging");
            try (Running server = new RegistryJar(directory, variables).start("server")) {
                database.execute(sick("sick"));
                await().atMost(RegistryJar.PATIENCE)
                        .until(() -> !sentry.events().isEmpty());
                assertThat(server.process().isAlive()).isTrue();

                sentry.delay(Duration.ofSeconds(1));
                database.execute(sick("worse"));
                await().atMost(RegistryJar.PATIENCE).until(() -> sentry.requests() == 2);
                server.process().destroy();
                assertThat(server.process().waitFor(STOP_SECONDS, TimeUnit.SECONDS))
                        .isTrue();

                assertThat(sentry.events())
                        .as(() -> output(server))
                        .extracting(event -> event.at("/tags/migration").asText())
                        .containsExactly("sick", "worse");
                assertThat(sentry.events()).allSatisfy(event -> {
                    assertThat(event.at("/tags/failure").asText()).isEqualTo("invalid_bbm_table");
                    assertThat(event.at("/release").asText()).isEqualTo("registry@" + version());
                    assertThat(event.at("/environment").asText()).isEqualTo("staging");
                    assertThat(event.at("/server_name"))
                            .isEqualTo(event.at("/tags/replica"))
                            .isNotEqualTo(MissingNode.getInstance());
                });
            }
        }
    }

    private static String output(Running server) {
        try {
            return server.out() + server.err();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String sick(String name) {
        return """
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name)
                VALUES ('%s', 1, 500, 100, 1, 'copyColumn', 'public.nothing', 'id')
                """.formatted(name);
    }

    private static String version() throws IOException {
        try (JarFile jar = new JarFile(System.getProperty("registry.jar"))) {
            return jar.getManifest().getMainAttributes().getValue(Attributes.Name.IMPLEMENTATION_VERSION);
        }
    }

    @Test
    void logsAsTextWhereAskedTo(TestDatabase database) throws Exception {
        RegistryJar text = new RegistryJar(
                directory, Map.of("REGISTRY_DATABASE_URL", database.url(), "REGISTRY_LOG_FORMAT", "text"));
        try (Running server = text.start("server")) {
            await().atMost(RegistryJar.PATIENCE).until(() -> server.out().contains("Started"));
            assertThat(server.out()).doesNotContain("{\"timestamp\"").contains("INFO  Starting registry");
        }
    }

    private static List<JsonNode> lines(Running server) throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        List<JsonNode> lines = new ArrayList<>();
        for (String line : server.out().lines().toList()) {
            lines.add(mapper.readTree(line));
        }
        return lines;
    }
}
