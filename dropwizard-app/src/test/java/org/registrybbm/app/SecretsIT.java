package org.registrybbm.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.app.RegistryJar.Result;
import org.registrybbm.app.RegistryJar.Running;
import org.registrybbm.app.internal.sentry.SentrySink;
import org.registrybbm.app.internal.webhook.Receiver;
import org.registrybbm.migrations.testkit.OwnServer;
import org.registrybbm.migrations.testkit.forms.LongBuild;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Walks over the ways in which the jar can fail, and looks for the planted passwords and row values in all that it leaves. */
@EnabledIf("org.registrybbm.migrations.testkit.OwnServer#isPossible")
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class SecretsIT {
    private static final String PASSWORD = "Pl4nted&Secret";
    private static final String ENCODED = "Pl4nted%26Secret";
    private static final String ROW_VALUE = "zebra";

    private static final List<String> URLS = List.of(
            "jdbc:postgresql://planted:PW@PLACE/secrets",
            "jdbc:postgresql://planted:PW@PLACE/secrets?ssl=false",
            "jdbc:postgresql://PW@PLACE/secrets",
            "jdbc:postgresql://PLACE/secrets?user=planted&password=PWx",
            "jdbc:postgresql://PLACE/nowhere?user=planted&password=PW",
            "jdbc:postgresql://PLACE/secrets?user=nobody_there&password=PW&sslmode=require&sslpassword=PW",
            "jdbc:postgresql://127.0.0.1:1/secrets?user=planted&password=PW",
            "jdbc:postgresql://127.0.0.1:99999/secrets?user=planted&password=PW",
            "jdbc:postgresql://PLACE?user=planted&password=PW",
            "jdbc:postgresql://PLACE/secrets?user=planted&password=PW%ZZ",
            "jdbc:postgresql://nohost.invalid/secrets?user=planted&password=PW",
            "jdbc:postgresql://PLACE/secrets?user=planted&password=PW&connectTimeout=never",
            "postgres://planted:PW@PLACE/secrets");
    private static final List<String> URLS_OF_COMMANDS = every(3, URLS);
    private static final List<String> URLS_OF_SERVERS = every(7, URLS);

    /** Each of them costs a process, or a table whose rows fail. {@code -Dbbm.matrix=long} takes all. */
    private static List<String> every(int step, List<String> all) {
        return IntStream.range(0, all.size())
                .filter(i -> i % step == 0 || LongBuild.IS_ON)
                .mapToObj(all::get)
                .toList();
    }

    private static OwnServer server;
    private static TestDatabase database;
    private static String place;

    @TempDir
    private Path directory;

    @BeforeAll
    static void startServer() throws Exception {
        server = OwnServer.start(Map.of());
        database = server.database("secrets", PostgresExtension.ENGINE_CHANGELOG, PostgresExtension.QUARTZ_CHANGELOG);
        place = database.url().replaceFirst("jdbc:postgresql://([^/]+)/.*", "$1");
        database.execute("""
                CREATE ROLE planted SUPERUSER LOGIN PASSWORD '%s';
                ALTER ROLE planted SET client_min_messages = warning
                """.formatted(PASSWORD));
        Path rules = Path.of(database.text("SHOW hba_file"));
        Files.writeString(rules, "host all planted 127.0.0.1/32 scram-sha-256\n" + Files.readString(rules));
        database.execute("SELECT pg_reload_conf()");
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @ParameterizedTest
    @FieldSource("URLS_OF_COMMANDS")
    void noUrlShowsItsPassword(String template) throws Exception {
        assertHidden("background-migrate status", template);
    }

    /** A server logs as well, and takes twice the time. */
    @ParameterizedTest
    @FieldSource("URLS_OF_SERVERS")
    void noServerShowsThePasswordOfItsUrl(String template) throws Exception {
        assertHidden("server", template);
    }

    private void assertHidden(String command, String template) throws Exception {
        String url = template.replace("PLACE", place).replace("PW", ENCODED);
        Map<String, String> variables = Map.of(
                "REGISTRY_DATABASE_URL", url, "REGISTRY_DATABASE_PASSWORD", PASSWORD, "REGISTRY_LOG_FORMAT", "text");

        Result result = new RegistryJar(directory, variables).run(command.split(" "));

        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.out() + result.err()).doesNotContain("Pl4nted");
        assertThat(result.err().lines().filter(line -> line.startsWith("\tat"))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "database: {password: [%s]}",
                "database:\n  password: \"%s\n  user: x",
                "database: {password: '%s', pool: {maxSize: many}}",
                "database: {passwort: '%s'}",
                "database: {url: 'jdbc:postgresql://a:%s@h/d', nonsense: 1}"
            })
    void noWrongFileShowsItsPassword(String template) throws Exception {
        Path file = Files.writeString(directory.resolve("wrong.yml"), template.formatted(PASSWORD));

        for (String command : List.of("check", "db status")) {
            Result result = new RegistryJar(directory, Map.of()).run((command + " " + file).split(" "));

            assertThat(result.exit()).isEqualTo(1);
            assertThat(result.out() + result.err()).doesNotContain("Pl4nted");
        }
    }

    @Test
    void noArgumentShowsAPassword() throws Exception {
        RegistryJar registry = new RegistryJar(directory, Map.of());
        for (String argument : List.of(
                "--password=" + PASSWORD, "jdbc:postgresql://planted:" + PASSWORD + "@h/d", "password=" + PASSWORD)) {
            Result result = registry.run("background-migrate", "status", argument);

            assertThat(result.exit()).isNotZero();
            assertThat(result.out() + result.err()).doesNotContain("Pl4nted");
        }
    }

    @Test
    void noFailureShowsARowValue() throws Exception {
        Map<String, String> cases = cases();
        List<String> taken = every(3, List.copyOf(cases.keySet()));
        taken.forEach(name -> plant(name, Objects.requireNonNull(cases.get(name))));
        plantUnreadable("unreadable_in_ranges", "NULL");
        plantUnreadable("unreadable_in_blocks", "'BlockBatchingStrategy'");
        database.execute("UPDATE batched_background_migration_budgets SET batch_jobs = NULL");
        int port = freePort();
        StringBuilder seen = new StringBuilder();
        try (SentrySink sentry = SentrySink.open();
                Receiver webhook = new Receiver()) {
            // The commands below log text; a server in both formats takes as long again.
            for (String format : System.getProperty("secrets.formats", "json").split(",", -1)) {
                database.execute("UPDATE batched_background_migrations SET status = 1");
                RegistryJar registry = registry(format, sentry.dsn(), webhook.url() + "/Pl4nted-in-the-path", port);
                try (Running running = registry.start("server", file().toString())) {
                    await().atMost(RegistryJar.PATIENCE)
                            .until(() -> database.number(
                                            "SELECT count(*) FROM batched_background_migrations WHERE status IN (1, 4)")
                                    == 0);
                    seen.append(http(port));
                    await().atMost(RegistryJar.PATIENCE).until(() -> database.number("""
                                    SELECT count(*) FROM batched_background_migration_messages WHERE event = 'failed'
                                    """) == 0);
                    running.process().destroy();
                    assertThat(running.process().waitFor()).isPositive();
                    seen.append(running.out()).append(running.err());
                }
            }
            seen.append(commands(registry("text", "", "", port), taken.get(0)));
            assertThat(sentry.events()).isNotEmpty();
            seen.append(sentry.everything());
            assertThat(webhook.received).isNotEmpty();
            webhook.received.forEach(one -> seen.append(one).append('\n'));
        }
        seen.append(tables());

        assertThat(seen.toString().lines().filter(line -> line.contains(ROW_VALUE) || line.contains("Pl4nted")))
                .isEmpty();
        assertThat(database.column("SELECT name FROM batched_background_migrations WHERE status <> 3"))
                .isEmpty();
    }

    /** What PostgreSQL may say of a row, by the name of the case: statements that have the table {@code TABLE} refuse its rows. */
    private static Map<String, String> cases() {
        Map<String, String> cases = new LinkedHashMap<>();
        cases.put("check", "ALTER TABLE TABLE ADD CHECK (target IS NULL OR length(target) < 3)");
        cases.put("uniqueness", "ALTER TABLE TABLE ADD UNIQUE (target); UPDATE TABLE SET secret = 'zebra'");
        cases.put(
                "foreign_key",
                "CREATE TABLE TABLE_p (k text PRIMARY KEY); "
                        + "ALTER TABLE TABLE ADD FOREIGN KEY (target) REFERENCES TABLE_p");
        cases.put("length", "ALTER TABLE TABLE ALTER target TYPE varchar(3)");
        cases.put(
                "not_null",
                trigger("NEW.target := NULL")
                        + "; ALTER TABLE TABLE ADD CHECK (secret IS NULL OR target IS NOT NULL) NOT VALID");
        cases.put("number", trigger("PERFORM NEW.secret::int"));
        cases.put("date", trigger("PERFORM NEW.secret::date"));
        cases.put("json", trigger("PERFORM NEW.secret::jsonb"));
        cases.put("uuid", trigger("PERFORM NEW.secret::uuid"));
        cases.put("interval", trigger("PERFORM NEW.secret::interval"));
        cases.put("regexp", trigger("PERFORM 'a' ~ ('(' || NEW.secret)"));
        cases.put("xml", trigger("PERFORM ('<' || NEW.secret)::xml"));
        cases.put("setting", trigger("PERFORM set_config('work_mem', NEW.secret, true)"));
        cases.put("time_zone", trigger("PERFORM ('2020-01-01 ' || NEW.secret)::timestamptz"));
        cases.put("encoding", trigger("PERFORM convert_to(NEW.secret, NEW.secret)"));
        cases.put("dynamic_syntax", trigger("EXECUTE 'SELEC ' || NEW.secret"));
        cases.put("dynamic_table", trigger("EXECUTE 'SELECT 1 FROM \"' || NEW.secret || '\"'"));
        cases.put("dynamic_column", trigger("EXECUTE 'SELECT \"' || NEW.secret || '\"'"));
        cases.put("dynamic_function", trigger("EXECUTE 'SELECT \"' || NEW.secret || '\"()'"));
        cases.put("dynamic_cast", trigger("EXECUTE 'SELECT 1::\"' || NEW.secret || '\"'"));
        cases.put("sequence", trigger("PERFORM nextval(quote_ident(NEW.secret))"));
        cases.put("regclass", trigger("PERFORM quote_ident(NEW.secret)::regclass"));
        cases.put("assertion", trigger("ASSERT false, NEW.secret"));
        cases.put("raised", trigger("RAISE EXCEPTION 'no %', NEW.secret USING DETAIL = NEW.secret, HINT = NEW.secret"));
        for (String state : List.of(
                "22000", "23514", "40001", "42501", "42P01", "54000", "55000", "57014", "58030", "XX000", "ZZ001",
                "0A000", "25006", "53200", "38000")) {
            cases.put(
                    "raised_" + state.toLowerCase(java.util.Locale.ROOT),
                    trigger("RAISE EXCEPTION USING ERRCODE = '" + state
                            + "', MESSAGE = NEW.secret, DETAIL = NEW.secret"));
        }
        return cases;
    }

    private static String trigger(String body) {
        return "CREATE FUNCTION TABLE_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + body
                + "; RETURN NEW; END $$; CREATE TRIGGER refuse BEFORE UPDATE ON TABLE FOR EACH ROW EXECUTE FUNCTION TABLE_f()";
    }

    private static void plant(String name, String refusal) {
        String table = "case_" + name;
        database.execute("""
                SET client_min_messages = warning;
                CREATE TABLE %1$s (id bigint PRIMARY KEY, secret text, target text);
                INSERT INTO %1$s SELECT n, 'zebra ' || n FROM generate_series(1, 3) AS n;
                %2$s;
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name, arguments)
                VALUES ('%3$s', 1, 10, 10, 0, 'copyColumn', 'public.%1$s', 'id', '{"from": "secret", "to": "target"}')
                """.formatted(
                        table,
                        refusal.replaceAll("\\bTABLE_", table + "_")
                                .replaceAll("ALTER TABLE TABLE\\b", "ALTER TABLE " + table)
                                .replaceAll("(UPDATE|ON) TABLE\\b", "$1 " + table),
                        name));
    }

    /** Rows of which nobody can say whether they are done, as what they hold is none of the type that it is cast to. */
    private static void plantUnreadable(String name, String strategy) {
        database.execute("""
                CREATE TABLE %1$s (id bigint PRIMARY KEY, secret text, target int);
                INSERT INTO %1$s SELECT n, 'zebra ' || n FROM generate_series(1, 3) AS n;
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name, arguments,
                        batching_strategy)
                VALUES ('%1$s', 1, 10, 10, 0, 'copyColumn', 'public.%1$s', 'id',
                    '{"from": "secret", "to": "target", "cast": "integer"}', %2$s)
                """.formatted(name, strategy));
    }

    private Path file() throws IOException {
        Path file = directory.resolve("registry.yml");
        String text = Files.readString(Path.of("registry.yml"))
                .replace("maxJobAttempts: 5", "maxJobAttempts: 2")
                .replace("retryDelay: 5s", "retryDelay: 0s");
        return Files.writeString(file, text);
    }

    private RegistryJar registry(String format, String dsn, String webhook, int port) {
        return new RegistryJar(
                directory,
                Map.of(
                        "REGISTRY_DATABASE_URL",
                        "jdbc:postgresql://" + place + "/secrets?user=planted&logServerErrorDetail=true&password="
                                + ENCODED,
                        "REGISTRY_LOG_FORMAT",
                        format,
                        "REGISTRY_ADMIN_PORT",
                        Integer.toString(port),
                        "SENTRY_DSN",
                        dsn,
                        "REGISTRY_WEBHOOK_URL",
                        webhook,
                        "REGISTRY_WEBHOOK_SECRET",
                        "whsec_Pl4ntedPl4ntedPl4ntedPl4ntedAAAA"));
    }

    private static String commands(RegistryJar registry, String name) throws Exception {
        StringBuilder seen = new StringBuilder();
        for (String command : List.of(
                "status",
                "quarantine",
                "quarantine --json",
                "verify --migration " + name,
                "events --migration " + name,
                "retry")) {
            seen.append(registry.command(("background-migrate " + command).split(" ")));
        }
        // After a retry everything is active; 'run' has it fail once more.
        for (String command : List.of("status --json", "verify", "run -r 1")) {
            seen.append(registry.run(("background-migrate " + command).split(" ")));
        }
        return seen.toString();
    }

    private static String http(int port) throws Exception {
        StringBuilder seen = new StringBuilder();
        for (String path : List.of("/prometheus", "/metrics", "/healthcheck", "/threads")) {
            seen.append(send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))));
        }
        for (String task : List.of("bbm-status", "bbm-quarantine", "bbm-verify", "bbm-events?migration=check")) {
            seen.append(send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/tasks/" + task))
                    .POST(HttpRequest.BodyPublishers.noBody())));
        }
        return seen.toString();
    }

    private static String send(HttpRequest.Builder request) throws Exception {
        return HttpClient.newHttpClient()
                .send(request.build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }

    /** All rows of the tables of the engine and of Quartz. */
    private static String tables() {
        List<String> names = database.column("""
                SELECT relname FROM pg_class
                WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname ~ '^(batched_|qrtz_)'
                """);
        assertThat(names).hasSizeGreaterThan(10);
        return names.stream()
                .flatMap(name -> database.column("SELECT t::text FROM " + name + " t").stream()
                        .map(row -> name + ": " + row))
                .collect(Collectors.joining("\n"));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
