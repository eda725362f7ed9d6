package org.registrybbm.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.dropwizard.configuration.ConfigurationException;
import io.dropwizard.jackson.Jackson;
import io.dropwizard.jersey.validation.Validators;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.app.config.BackgroundMigrationsFactory;
import org.registrybbm.app.config.RegistryConfiguration;
import org.registrybbm.app.config.WebhookFactory;
import org.registrybbm.app.internal.config.RegistryConfigurationFactory;
import org.registrybbm.app.internal.secrets.Secrets;
import org.registrybbm.migrations.outbox.MessageEvent;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.settings.RegistryLock;

class ConfigurationTest {
    @Test
    void tooManyWorkersAreNotAlsoSaidToNeedAnImpossiblePool() {
        assertThatThrownBy(() -> read("backgroundMigrations: {workers: 99}"))
                .hasMessageContaining("backgroundMigrations.workers is 99")
                .hasMessageNotContaining("maxSize");
    }

    @Test
    void fileInTheJarHasTheDefaultsOfTheCode() throws Exception {
        RegistryConfiguration fromFile = factory(Map.of()).build();
        RegistryConfiguration fromCode = new RegistryConfiguration();

        assertThat(fromFile.backgroundMigrations().engineSettings()).isEqualTo(EngineSettings.defaults());
        assertThat(fromFile)
                .usingRecursiveComparison()
                .comparingOnlyFields("database", "backgroundMigrations", "sentry")
                .isEqualTo(fromCode);
        assertThat(fromFile.database().url()).isEmpty();
        assertThat(fromFile.sentry().dsn()).isEmpty();
    }

    @Test
    void environmentVariablesAreTakenAsTheyAre() throws Exception {
        String password = "a'b\"c: #${HOME} \\ d";
        RegistryConfiguration configuration = factory(Map.of(
                        "REGISTRY_DATABASE_URL", "jdbc:postgresql://db/registry",
                        "REGISTRY_DATABASE_PASSWORD", password,
                        "HOME", "/elsewhere"))
                .build();

        assertThat(configuration.database().url()).contains("jdbc:postgresql://db/registry");
        assertThat(configuration.database().password()).isEqualTo(password);
        assertThat(configuration.database().user()).isNull();
    }

    @Test
    void aVariableNamesTheFileOfCommandsThatNameNone(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("config.yml");
        Files.writeString(file, "backgroundMigrations: {workers: 3}");
        Map<String, String> variables = Map.of("REGISTRY_CONFIGURATION_PATH", file.toString());

        assertThat(factory(variables).build().backgroundMigrations().workers()).isEqualTo(3);
        assertThat(factory(Map.of("REGISTRY_CONFIGURATION_PATH", ""))
                        .build()
                        .backgroundMigrations()
                        .workers())
                .isEqualTo(2);
        Files.delete(file);
        assertThatThrownBy(() -> factory(variables).build()).hasMessageContaining(file.toString());
    }

    @Test
    void everyKeyReachesTheEngine() throws Exception {
        RegistryConfiguration configuration = read("""
                backgroundMigrations:
                  enabled: false
                  workers: 3
                  maxJobAttempts: 7
                  jobInterval: 2s
                  batchTarget: 0s
                  subBatchTarget: 1s
                  retention: 0s
                  registryLock: off
                  timeouts: {statement: 1m, lock: 3s, idleInTransaction: 4s, lease: 5s, retryDelay: 6s, missingCode: 7m}
                """);

        BackgroundMigrationsFactory factory = configuration.backgroundMigrations();
        assertThat(factory.enabled()).isFalse();
        assertThat(factory.workers()).isEqualTo(3);
        assertThat(factory.registryLock()).isEqualTo(RegistryLock.OFF);
        assertThat(factory.jobInterval()).isEqualTo(Duration.ofSeconds(2));
        assertThat(factory.engineSettings())
                .isEqualTo(EngineSettings.builder()
                        .maxJobAttempts(7)
                        .batchTarget(Duration.ZERO)
                        .subBatchTarget(Duration.ofSeconds(1))
                        .retention(Duration.ZERO)
                        .statementTimeout(Duration.ofMinutes(1))
                        .lockTimeout(Duration.ofSeconds(3))
                        .idleInTransactionTimeout(Duration.ofSeconds(4))
                        .lease(Duration.ofSeconds(5))
                        .retryDelay(Duration.ofSeconds(6))
                        .missingCode(Duration.ofMinutes(7))
                        .build());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            backgroundMigrations: {workers: 0}                           | backgroundMigrations.workers is 0, allowed is 1 to 32
            backgroundMigrations: {workers: 33}                          | backgroundMigrations.workers is 33, allowed is 1 to 32
            backgroundMigrations: {maxJobAttempts: 0}                    | backgroundMigrations.maxJobAttempts is 0, allowed is 1 to 100
            backgroundMigrations: {maxJobAttempts: 101}                  | backgroundMigrations.maxJobAttempts is 101, allowed is 1 to 100
            backgroundMigrations: {jobInterval: 99ms}                    | backgroundMigrations.jobInterval is 99 milliseconds, allowed is 100ms to 1m
            backgroundMigrations: {jobInterval: 2m}                      | backgroundMigrations.jobInterval is 2 minutes, allowed is 100ms to 1m
            backgroundMigrations: {batchTarget: 1ms}                     | backgroundMigrations.batchTarget is 1 millisecond, allowed is 1s to 1h
            backgroundMigrations: {batchTarget: 2h}                      | backgroundMigrations.batchTarget is 2 hours, allowed is 1s to 1h
            backgroundMigrations: {subBatchTarget: 9ms}                  | backgroundMigrations.subBatchTarget is 9 milliseconds, allowed is 10ms to 30s
            backgroundMigrations: {subBatchTarget: 31s}                  | backgroundMigrations.subBatchTarget is 31 seconds, allowed is 10ms to 30s
            backgroundMigrations: {retention: 999ms}                     | backgroundMigrations.retention is 999 milliseconds, allowed is 1s to 3650d
            backgroundMigrations: {timeouts: {statement: 99ms}}          | backgroundMigrations.timeouts.statement is 99 milliseconds, allowed is 100ms to 1h
            backgroundMigrations: {timeouts: {lock: 2m}}                 | backgroundMigrations.timeouts.lock is 2 minutes, allowed is 10ms to 1m
            backgroundMigrations: {timeouts: {idleInTransaction: 1ms}}   | backgroundMigrations.timeouts.idleInTransaction is 1 millisecond, allowed is 100ms to 1m
            backgroundMigrations: {timeouts: {lease: 11m}}               | backgroundMigrations.timeouts.lease is 11 minutes, allowed is 1s to 10m
            backgroundMigrations: {timeouts: {retryDelay: 11m}}          | backgroundMigrations.timeouts.retryDelay is 11 minutes, allowed is 0s to 10m
            backgroundMigrations: {timeouts: {missingCode: 2d}}          | backgroundMigrations.timeouts.missingCode is 2 days, allowed is 0s to 1d
            database: {pool: {maxSize: 1}}                               | database.pool.maxSize is 1, allowed is 2 to 100
            database: {pool: {maxSize: 3}}                               | database.pool.maxSize is 3, allowed is 4 to 100 with backgroundMigrations.workers of 2
            database: {pool: {maxWait: 2m}}                              | database.pool.maxWait is 2 minutes, allowed is 100ms to 1m
            database: {quartzPool: {maxSize: 101}}                       | database.quartzPool.maxSize is 101, allowed is 2 to 100
            backgroundMigrations: {workers: 5}                           | database.quartzPool.maxSize is 8, allowed is 9 to 100 with backgroundMigrations.workers of 5
            database: {url: 'postgres://db/registry'}                    | database.url must start with jdbc:postgresql:
            sentry: {dsn: nonsense}                                      | sentry.dsn is not a DSN, which looks like https://
            sentry: {environment: ''}                                    | sentry.environment must not be blank
            backgroundMigrations: {registryLock: maybe}                  | backgroundMigrations.registryLock is maybe, allowed are auto, on and off
            backgroundMigrations: {webhook: {url: hooks.example.org}}    | backgroundMigrations.webhook.url is not a URL like https://host/path
            backgroundMigrations: {webhook: {secret: whsec_c2hvcnQ=}}    | backgroundMigrations.webhook.secret is not a secret of Standard Webhooks
            backgroundMigrations: {webhook: {format: xml}}               | backgroundMigrations.webhook.format is xml, allowed are json and slack
            backgroundMigrations: {webhook: {events: [failed, died]}}    | is died, allowed are failed, stalled, quarantined, finished and progress
            backgroundMigrations: {workers: many}                        | backgroundMigrations.workers
            backgroundMigrations: {worker: 3}                            | workers
            databse: {}                                                  | database
            """)
    void wrongValuesAreNamedWithPathValueAndRange(String yaml, String expected) {
        assertThatThrownBy(() -> read(yaml))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            jdbc:postgresql://registry:Geheim9@db.example.org:5432/registry      | write jdbc:postgresql://db.example.org:5432/db
            jdbc:postgresql://registry:Geheim9@db.example.org/registry?ssl=true  | database.url has a user or a password before the host
            jdbc:postgresql://registry:Ge/h@Geheim9@db.example.org/registry      | write jdbc:postgresql://host/db
            jdbc:postgresql://Geheim9@db.example.org/registry                    | REGISTRY_DATABASE_PASSWORD
            jdbc:postgresql://db.example.org:99999/registry?password=Geheim9     | database.url is not one that PostgreSQL's driver can read
            jdbc:postgresql://db.example.org/registry?password=Geheim9%ZZ        | database.url is not one that PostgreSQL's driver can read
            jdbc:postgresql://registry:Geheim9?x@db.example.org/registry         | database.url is not one that PostgreSQL's driver can read
            postgres://registry:Geheim9@db.example.org/registry                  | database.url must start with jdbc:postgresql:
            """)
    void wrongUrlsAreRefusedWithTheRemedyAndWithoutTheirSecrets(String url, String expected) {
        assertThatThrownBy(() -> read("database: {url: '" + url + "'}"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(expected)
                .hasMessageNotContaining("Geheim9");
    }

    @Test
    void secretsAreNotShownInMessages() {
        assertThatThrownBy(() -> read("database: {url: 'postgres://me:secret@db/registry'}"))
                .hasMessageNotContaining("secret");
        assertThatThrownBy(() -> read("sentry: {dsn: 'secret'}")).hasMessageNotContaining("secret");
        assertThatThrownBy(() -> read("backgroundMigrations: {webhook: {secret: 'Geheim9'}}"))
                .hasMessageNotContaining("Geheim9");
        for (String url : List.of(
                "https://me:Geheim9@example.org/x",
                "https://10.0.1/Geheim9",
                "https://[::::]/Geheim9",
                "https://a-.example.org/Geheim9",
                "https://example.org:99999/Geheim9")) {
            assertThatThrownBy(() -> read("backgroundMigrations: {webhook: {url: '" + url + "'}}"))
                    .as(url)
                    .hasMessageContaining("backgroundMigrations.webhook.url is not a URL")
                    .hasMessageNotContaining("Geheim9");
        }
    }

    @Test
    void aWebhookIsReadFromVariables() throws Exception {
        assertThat(factory(Map.of()).build().backgroundMigrations().webhook().endpoint())
                .isEmpty();
        WebhookFactory webhook = factory(Map.of(
                        "REGISTRY_WEBHOOK_URL", "https://hooks.example.org:8443/services/T0/Geheim9?a=%20b",
                        "REGISTRY_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                        "REGISTRY_WEBHOOK_FORMAT", "slack"))
                .build()
                .backgroundMigrations()
                .webhook();
        assertThat(webhook.endpoint().orElseThrow().shown()).isEqualTo("https://hooks.example.org:8443");
        assertThat(webhook.events()).hasSize(5).doesNotContain(MessageEvent.TEST);
        assertThat(read("backgroundMigrations: {webhook: {url: 'https://example.org', secret: ''}}")
                        .backgroundMigrations()
                        .webhook()
                        .endpoint())
                .as("nothing to sign with")
                .isPresent();
        assertThat(Secrets.hide("asked https://hooks.example.org:8443/services/T0/Geheim9?a=%20b in vain"))
                .isEqualTo("asked ... in vain");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "server: {nonsense: 1}",
                "logging: {level: [1]}",
                "health: {healthChecks: 1}",
                "sentry: {dsn: nonsense}",
                "backgroundMigrations: {operators: {tokens: 1}}"
            })
    void aCommandDoesNotReadWhatOnlyAServerUses(String yaml) throws Exception {
        assertThatThrownBy(() -> read(yaml)).isInstanceOf(ConfigurationException.class);

        assertThat(readByCommand(yaml + "\ndatabase: {pool: {maxSize: 9}}")
                        .database()
                        .pool()
                        .maxSize())
                .isEqualTo(9);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "database: {pool: {maxSize: 1}}",
                "database: {url: 'postgres://db/registry'}",
                "backgroundMigrations: {workers: 0}",
                "backgroundMigrations: {timeouts: {lease: 11m}}",
                "backgroundMigrations: {worker: 3}",
                "databse: {}"
            })
    void aCommandRefusesTheRestAsAServerDoes(String yaml) {
        Throwable ofServer = catchThrowable(() -> read(yaml));

        assertThatThrownBy(() -> readByCommand(yaml))
                .isInstanceOf(ConfigurationException.class)
                .extracting(ConfigurationTest::firstLines)
                .isEqualTo(firstLines(ofServer));
    }

    @Test
    void aSystemPropertyOverridesAListToo() throws Exception {
        System.setProperty("dw.backgroundMigrations.requiredMigrations", "one,two");
        try {
            assertThat(readByCommand("database: {}").backgroundMigrations().requiredMigrations())
                    .containsExactly("one", "two");
        } finally {
            System.clearProperty("dw.backgroundMigrations.requiredMigrations");
        }
    }

    // The rest is a list of keys that are known.
    private static List<String> firstLines(Throwable thrown) {
        return String.valueOf(thrown.getMessage()).lines().limit(2).toList();
    }

    private static RegistryConfiguration readByCommand(String yaml) throws IOException, ConfigurationException {
        return new RegistryConfigurationFactory<>(
                        RegistryConfiguration.class,
                        ServerBlocks.unchecked(Validators.newValidatorFactory()),
                        ServerBlocks.unread(Jackson.newObjectMapper()),
                        Map.of(),
                        UnaryOperator.<RegistryConfiguration>identity())
                .build(path -> new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8)), "test.yml");
    }

    private static RegistryConfiguration read(String yaml) throws IOException, ConfigurationException {
        return factory(Map.of())
                .build(path -> new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8)), "test.yml");
    }

    private static RegistryConfigurationFactory<RegistryConfiguration> factory(Map<String, String> variables) {
        return new RegistryConfigurationFactory<>(
                RegistryConfiguration.class,
                Validators.newValidator(),
                Jackson.newObjectMapper(),
                variables,
                UnaryOperator.identity());
    }
}
