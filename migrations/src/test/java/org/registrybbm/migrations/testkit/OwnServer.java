package org.registrybbm.migrations.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/**
 * A PostgreSQL of one test, which can be crashed and started again on the same data and the same port. It listens on the loopback address
 * only and ends with this JVM.
 */
public final class OwnServer implements AutoCloseable {
    private static final int SECONDS = 60;

    private final PgBinaries binaries;
    private final Path directory;
    private final int port;
    private final Thread hook = new Thread(() -> quietly("immediate"), "own-server-stop");

    private OwnServer(PgBinaries binaries, Path directory, int port) {
        this.binaries = binaries;
        this.directory = directory;
        this.port = port;
    }

    /**
     * Makes an empty server and starts it.
     *
     * @param settings lines of {@code postgresql.conf}
     */
    public static OwnServer start(Map<String, String> settings) throws IOException, InterruptedException {
        OwnServer server =
                new OwnServer(PgBinaries.unpacked(), Files.createTempDirectory("bbm-own-server"), freePort());
        server.create(settings);
        Runtime.getRuntime().addShutdownHook(server.hook);
        server.start();
        return server;
    }

    /** Returns whether its programs run here: there are some for this machine, and root may become nobody. */
    public static boolean isPossible() {
        try {
            List<String> command = new ArrayList<>(PgBinaries.unpacked().command("postgres"));
            command.add("--version");
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor() == 0;
        } catch (IOException | IllegalStateException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Starts it again. */
    public void start() throws IOException, InterruptedException {
        run("pg_ctl", "--pgdata=" + data(), "--log=" + log(), "--timeout=" + SECONDS, "--wait", "start");
    }

    /** Ends every process of it at once, as a crash does: nothing is written down, the next start recovers from the WAL. */
    public void crash() throws IOException, InterruptedException {
        stop("immediate");
    }

    /** Returns the JDBC URL of a database. */
    public String url(String database) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + database
                + "?user=postgres&sslmode=disable&gssEncMode=disable";
    }

    /** Makes a database with the tables of some changelogs. */
    public TestDatabase database(String name, String... changelogs) {
        new TestDatabase("postgres", url("postgres")).execute("CREATE DATABASE " + name);
        TestDatabase database = new TestDatabase(name, url(name));
        for (String changelog : changelogs) {
            PostgresExtension.migrate(database, changelog);
        }
        return database;
    }

    /**
     * Names a synchronous standby that is not there, so that every commit waits for it for ever; none for the empty name. Returns once
     * commits do so: the process that tells them hears of it a little later than a session does.
     */
    public void standby(String name) {
        TestDatabase admin = new TestDatabase("postgres", url("postgres") + "&options=-c%20synchronous_commit%3Dlocal");
        admin.execute("ALTER SYSTEM SET synchronous_standby_names = '" + name + "'");
        admin.execute("SELECT pg_reload_conf()");
        Awaitility.await().atMost(Duration.ofSeconds(SECONDS)).until(() -> isCommitWaitedFor(admin) != name.isEmpty());
    }

    /** Commits something without a lock, and breaks the wait off where it has to wait. */
    private boolean isCommitWaitedFor(TestDatabase admin) {
        String url = url("postgres") + "&socketTimeout=1&ApplicationName=standby-probe";
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            statement.execute("SELECT pg_logical_emit_message(true, 'standby-probe', '')");
            return false;
        } catch (SQLException e) {
            admin.column(
                    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'standby-probe'");
            return true;
        }
    }

    /** Stops it and deletes its data. */
    @Override
    public void close() {
        quietly("immediate");
        Runtime.getRuntime().removeShutdownHook(hook);
        try (Stream<Path> paths = Files.walk(directory)) {
            paths.sorted(Comparator.reverseOrder())
                    .forEach(path -> path.toFile().delete());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void create(Map<String, String> settings) throws IOException, InterruptedException {
        run(
                "initdb",
                "--pgdata=" + data(),
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF-8",
                "--locale=C",
                "--no-sync",
                "--no-instructions");
        StringBuilder text = new StringBuilder("\nport = %d%nlisten_addresses = '127.0.0.1'%n".formatted(port));
        text.append("unix_socket_directories = ''\n");
        settings.forEach((key, value) -> text.append("%s = '%s'%n".formatted(key, value)));
        Files.writeString(data().resolve("postgresql.conf"), text, StandardOpenOption.APPEND);
    }

    private void stop(String mode) throws IOException, InterruptedException {
        run("pg_ctl", "--pgdata=" + data(), "--mode=" + mode, "--timeout=" + SECONDS, "--wait", "stop");
    }

    private void quietly(String mode) {
        try {
            stop(mode);
        } catch (IOException e) {
            // It was down already.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run(String program, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(binaries.command(program));
        command.addAll(List.of(arguments));
        PgBinaries.run(command, directory.resolve("programs.log"), SECONDS + 5);
    }

    private Path data() {
        return directory.resolve("data");
    }

    private Path log() {
        return directory.resolve("postgresql.log");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
