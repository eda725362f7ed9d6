package org.registrybbm.app;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.dropwizard.configuration.ConfigurationSourceProvider;
import io.dropwizard.core.Application;
import io.dropwizard.core.Configuration;
import io.dropwizard.core.setup.Bootstrap;
import io.dropwizard.core.setup.Environment;
import io.dropwizard.db.DataSourceFactory;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.config.BackgroundMigrationsFactory;
import org.registrybbm.app.internal.access.Token;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.work.WorkFunction;

/** Somebody else's Dropwizard application, which adds the bundle. */
final class HostApplication extends Application<HostApplication.HostConfiguration> {
    private static final String YAML = """
            database: {driverClass: org.postgresql.Driver, url: '%1$s', maxSize: 8, minSize: 1, initialSize: 1, maxWaitForConnection: 1s, checkConnectionOnBorrow: true, properties: {socketTimeout: '2', connectTimeout: '1'}}
            quartzDatabase: {driverClass: org.postgresql.Driver, url: '%1$s', maxSize: 8, minSize: 1, initialSize: 1, maxWaitForConnection: 1s, checkConnectionOnBorrow: true, properties: {socketTimeout: '2', connectTimeout: '1'}}
            server:
              applicationConnectors: [{type: http, port: 0, bindHost: 127.0.0.1}]
              adminConnectors: [{type: http, port: 0, bindHost: 127.0.0.1}]
              requestLog: {appenders: []}
            health:
              healthChecks:
                - {name: batched-migrations-database, type: ready, critical: true, initialState: false, schedule: {checkInterval: 1s, downtimeInterval: 1s, failureAttempts: 1, successAttempts: 1}}
                - {name: batched-migrations-scheduler, type: ready, critical: false, initialState: false, schedule: {checkInterval: 1s, downtimeInterval: 1s, failureAttempts: 1, successAttempts: 1}}
            logging: {level: WARN}
            """;

    private static final String TOKENS = """
            backgroundMigrations:
              operators:
                applicationPort: true
                tokens:
                - {name: jane, role: operate, sha256: %1$s}
                - {name: rita, role: read, sha256: %2$s, expires: 2999-01-31}
                tokenList: 'olga:operate:%3$s:2020-01-31'
            """;

    /** Tokens of people: Jane's, Rita's, and Olga's, who has left. */
    static final String OPERATE = "bbm_jane-may-operate";

    static final String READ = "bbm_rita-may-read";
    static final String EXPIRED = "bbm_olga-was-here";

    private final BatchedMigrationsBundle<HostConfiguration> bundle = new BatchedMigrationsBundle<>(
                    HostConfiguration::backgroundMigrations,
                    HostConfiguration::database,
                    HostConfiguration::quartzDatabase)
            .workFunctions(registry -> registry.register(
                            "copyIt", WorkFunction.update("wide = small").withPending("wide IS DISTINCT FROM small"))
                    .register(
                            "slowToAsk",
                            WorkFunction.update("wide = small")
                                    .withPending("wide IS DISTINCT FROM small AND pg_sleep(1) IS NOT NULL"))
                    .register("alwaysThrows", context -> {
                        throw new java.sql.SQLException("it never works", "22012");
                    }));
    private final HttpClient client = HttpClient.newHttpClient();
    private @Nullable Server server;

    /** Its configuration. */
    static final class HostConfiguration extends Configuration {
        @JsonProperty
        @NotNull
        @Valid
        private DataSourceFactory database = new DataSourceFactory();

        @JsonProperty
        @NotNull
        @Valid
        private DataSourceFactory quartzDatabase = new DataSourceFactory();

        @JsonProperty
        @NotNull
        @Valid
        private BackgroundMigrationsFactory backgroundMigrations = new BackgroundMigrationsFactory();

        DataSourceFactory database() {
            return database;
        }

        DataSourceFactory quartzDatabase() {
            return quartzDatabase;
        }

        BackgroundMigrationsFactory backgroundMigrations() {
            return backgroundMigrations;
        }
    }

    static HostApplication serve(String url) throws Exception {
        return start(YAML.formatted(url));
    }

    /** Serves with the tokens of three people. */
    static HostApplication serveWithTokens(String url) throws Exception {
        return start(
                YAML.formatted(url) + TOKENS.formatted(Token.hash(OPERATE), Token.hash(READ), Token.hash(EXPIRED)));
    }

    private static HostApplication start(String yaml) throws Exception {
        HostApplication application = new HostApplication();
        application.yaml = yaml;
        application.run("server", "host.yml");
        return application;
    }

    private String yaml = "";

    @Override
    public void initialize(Bootstrap<HostConfiguration> bootstrap) {
        ConfigurationSourceProvider provider = path -> new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8));
        bootstrap.setConfigurationSourceProvider(provider);
        bootstrap.addBundle(bundle);
    }

    @Override
    public void run(HostConfiguration configuration, Environment environment) {
        environment.lifecycle().addServerLifecycleListener(started -> server = started);
    }

    @Override
    protected void onFatalError(Throwable error) {
        throw new IllegalStateException(error);
    }

    BatchedMigrations engine() {
        return bundle.engine();
    }

    /** Posts nothing to the admin port, with headers: a name, its value, and so on. */
    HttpResponse<String> post(String path, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(admin(path)).POST(HttpRequest.BodyPublishers.noBody());
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(admin(path)).build(), HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> getApplication(String path) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(uri(0, path)).build(), HttpResponse.BodyHandlers.ofString());
    }

    /** Sends a request with a body to the admin port, with headers: a name, its value, and so on. */
    HttpResponse<String> send(String method, String path, String body, String... headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(admin(path)).method(method, HttpRequest.BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    /** Returns an address on the admin port. */
    URI admin(String path) {
        return uri(1, path);
    }

    private URI uri(int connector, String path) {
        Server running = server;
        if (running == null) {
            throw new IllegalStateException("the server does not run");
        }
        int port = ((ServerConnector) running.getConnectors()[connector]).getLocalPort();
        return URI.create("http://127.0.0.1:" + port + path);
    }

    void stop() throws Exception {
        Server running = server;
        if (running != null) {
            running.stop();
        }
    }
}
