package org.registrybbm.migrations.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

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
