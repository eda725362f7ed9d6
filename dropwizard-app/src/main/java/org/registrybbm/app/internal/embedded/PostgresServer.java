package org.registrybbm.app.internal.embedded;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Creates the data directory of a PostgreSQL, and starts and stops the server.
 *
 * @param binaries the programs of PostgreSQL
 * @param directory holds the data and the log
 */
record PostgresServer(PostgresBinaries binaries, Path directory) {
    static final String SUPERUSER = "postgres";
    private static final int START_SECONDS = 60;
    private static final int STOP_SECONDS = 5;
    private static final long LOG_BYTES = 10_000_000;

    Path data() {
        return directory.resolve("data");
    }

    private Path log() {
        return directory.resolve("postgresql.log");
    }

    /** Creates the data directory, unless it exists. A run that is cut off leaves nothing that looks complete. */
    void create(String password, Map<String, String> settings) throws IOException {
        if (Files.exists(data().resolve("PG_VERSION"))) {
            checkVersion();
            return;
        }
        Path unfinished = directory.resolve("data.unfinished");
        Directories.delete(unfinished);
        Path passwordFile = directory.resolve("initdb.password");
        PrivateFile.write(passwordFile, password);
        try {
            List<String> command = List.of(
                    binaries.program("initdb"),
                    "--pgdata=" + unfinished,
                    "--username=" + SUPERUSER,
                    "--pwfile=" + passwordFile,
                    "--auth=scram-sha-256",
                    "--encoding=UTF-8",
                    "--locale=C",
                    "--no-instructions");
            run(command, START_SECONDS);
        } finally {
            Files.deleteIfExists(passwordFile);
        }
        StringBuilder text = new StringBuilder("\n");
        settings.forEach((key, value) -> text.append("%s = '%s'%n".formatted(key, value)));
        Files.writeString(unfinished.resolve("postgresql.conf"), text, StandardOpenOption.APPEND);
        Files.move(unfinished, data(), StandardCopyOption.ATOMIC_MOVE);
    }

    /** Starts the server on a free port of the loopback address and waits until it accepts connections. */
    Postmaster start() throws IOException {
        if (Files.exists(log()) && Files.size(log()) > LOG_BYTES) {
            Files.delete(log());
        }
        List<String> command = List.of(
                binaries.program("pg_ctl"),
                "--pgdata=" + data(),
                "--log=" + log(),
                "--options=-p " + freePort(),
                "--timeout=" + START_SECONDS,
                "--wait",
                "start");
        run(command, START_SECONDS + 5);
        return Postmaster.of(data()).orElseThrow(() -> new IOException("PostgreSQL did not start; see " + log()));
    }

    /** Stops it: connections are cut, what was committed stays. */
    void stop() throws IOException {
        try {
            pgCtlStop("fast");
        } catch (IOException e) {
            pgCtlStop("immediate");
        }
    }

    private void pgCtlStop(String mode) throws IOException {
        List<String> command = List.of(
                binaries.program("pg_ctl"),
                "--pgdata=" + data(),
                "--mode=" + mode,
                "--timeout=" + STOP_SECONDS,
                "--wait",
                "stop");
        run(command, STOP_SECONDS + 1);
    }

    private void checkVersion() throws IOException {
        String made = Files.readString(data().resolve("PG_VERSION")).strip();
        Process process = new ProcessBuilder(binaries.program("postgres"), "--version").start();
        String brought = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        if (!brought.contains(" " + made + ".") && !brought.contains(" " + made + "\n")) {
            throw new IOException("the data in " + data() + " belong to PostgreSQL " + made + ", but this jar contains"
                    + brought.strip().replaceFirst("^.*\\)", "")
                    + "; use the jar that created them, or move the directory away to start with new data");
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void run(List<String> arguments, int seconds) throws IOException {
        List<String> command = new ArrayList<>(Superuser.prefix(directory));
        command.addAll(arguments);
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
                .start();
        process.getOutputStream().close();
        try {
            if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException(
                        "PostgreSQL's " + arguments.get(0) + " took more than " + seconds + " s; see " + log());
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while PostgreSQL's " + arguments.get(0) + " ran", e);
        }
        if (process.exitValue() != 0) {
            throw new IOException(
                    "PostgreSQL's " + arguments.get(0) + " failed; see " + log() + Superuser.hint(directory));
        }
    }
}
