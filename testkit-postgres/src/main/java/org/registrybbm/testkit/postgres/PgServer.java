package org.registrybbm.testkit.postgres;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.postgresql.PostgreSQLContainer;

/**
 * Gives the tests of this JVM their PostgreSQL server. {@code -Dbbm.test.pg} chooses it: {@code docker}, {@code embedded}, the JDBC URL of
 * a server of your own (its user must be able to create databases), or {@code auto} (the default), which takes Docker if a Docker engine
 * answers and an embedded server otherwise.
 *
 * @param url JDBC URL of the maintenance database {@code postgres}, with user and password
 */
public record PgServer(String url) {
    private static final Logger LOGGER = LoggerFactory.getLogger(PgServer.class);
    private static final String IMAGE = System.getProperty("bbm.test.pg.image", "postgres:17.6-alpine");

    /** Returns the server. It is started at the first call and stopped with the JVM. */
    public static PgServer get() {
        return Holder.SERVER;
    }

    /** Returns the URL of another database of the server. */
    public String urlOf(String database) {
        return url.replaceFirst("/postgres(\\?|$)", "/" + database + "$1");
    }

    /** Opens a connection to the maintenance database. */
    public Connection connect() throws SQLException {
        return DriverManager.getConnection(url);
    }

    /** Runs a statement on the maintenance database. */
    void execute(String sql) {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e.getMessage() + "\n" + sql, e);
        }
    }

    /** Returns whether there is a database of a name. */
    boolean has(String database) {
        try (Connection connection = connect();
                PreparedStatement statement =
                        connection.prepareStatement("SELECT FROM pg_database WHERE datname = ?")) {
            statement.setString(1, database);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next();
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    private static final class Holder {
        static final PgServer SERVER = start(System.getProperty("bbm.test.pg", "auto"));
    }

    private static PgServer start(String mode) {
        PgServer server = mode.startsWith("jdbc:")
                ? new PgServer(mode)
                : mode.equals("docker") || mode.equals("auto") && dockerAnswers() ? container() : embedded();
        LOGGER.info("tests run on {}", server.url().replaceFirst("password=[^&]*", "password=..."));
        return server;
    }

    private static boolean dockerAnswers() {
        try {
            return DockerClientFactory.instance().isDockerAvailable();
        } catch (RuntimeException | LinkageError e) {
            return false;
        }
    }

    private static PgServer container() {
        PostgreSQLContainer container = new PostgreSQLContainer(IMAGE)
                .withDatabaseName("postgres")
                .withCommand(
                        "postgres",
                        "-c",
                        "max_connections=200",
                        "-c",
                        "max_prepared_transactions=2",
                        "-c",
                        "fsync=off");
        // The reaper of Testcontainers removes the container when the JVM ends.
        container.start();
        return new PgServer(container.getJdbcUrl()
                + (container.getJdbcUrl().contains("?") ? "&" : "?")
                + "user=" + container.getUsername()
                + "&password=" + container.getPassword());
    }

    private static PgServer embedded() {
        // Each user unpacks the binaries into a directory of their own, because they may not use what another user left
        // in the temporary folder.
        Path home =
                Path.of(System.getProperty("java.io.tmpdir"), "bbm-test-postgres-" + System.getProperty("user.name"));
        String prepared = System.getProperty("bbm.test.cluster", "");
        try {
            return new PgServer(urlOf(
                    prepared.isEmpty()
                            ? embedded(home).start()
                            : onCopyOf(new PreparedCluster(Path.of(prepared)), home)));
        } catch (IOException e) {
            throw new UncheckedIOException("could not start the embedded PostgreSQL", e);
        }
    }

    private static EmbeddedPostgres.Builder embedded(Path home) {
        return EmbeddedPostgres.builder()
                .setOverrideWorkingDirectory(home.toFile())
                .setLocaleConfig("locale", "C.UTF-8")
                .setServerConfig("max_connections", "200")
                .setServerConfig("max_prepared_transactions", "2")
                .setPGStartupWait(Duration.ofSeconds(60))
                .setConnectConfig("loggerLevel", "OFF");
    }

    private static EmbeddedPostgres onCopyOf(PreparedCluster cluster, Path home) throws IOException {
        Path data = home.resolve("data-" + UUID.randomUUID());
        cluster.copyTo(data, directory -> {
            try (EmbeddedPostgres postgres = on(directory, home).start()) {
                new Templates(new PgServer(urlOf(postgres))).prepare(Templates.USUAL);
            }
        });
        EmbeddedPostgres postgres =
                on(data, home).setRegisterShutdownHook(false).start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(postgres, data), "test-postgres-stop"));
        return postgres;
    }

    private static EmbeddedPostgres.Builder on(Path data, Path home) {
        return embedded(home).setDataDirectory(data).setCleanDataDirectory(false);
    }

    private static void end(EmbeddedPostgres postgres, Path data) {
        try {
            postgres.close();
        } catch (IOException e) {
            LOGGER.warn("could not stop the embedded PostgreSQL", e);
        }
        PreparedCluster.delete(data);
    }

    private static String urlOf(EmbeddedPostgres postgres) {
        return postgres.getJdbcUrl("postgres", "postgres");
    }
}
