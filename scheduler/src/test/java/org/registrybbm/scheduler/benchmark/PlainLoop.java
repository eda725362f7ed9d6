package org.registrybbm.scheduler.benchmark;

import java.io.BufferedWriter;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What somebody would run in psql: each lane goes through its part of the table, one UPDATE and one commit after the other. */
record PlainLoop(Bench bench, int lanes, long subBatch) {
    /** Whether psql is on the PATH; JDBC stands in where it is not. */
    static boolean hasPsql() {
        try {
            return new ProcessBuilder("psql", "--version")
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Returns the seconds that it took. */
    double run() throws Exception {
        boolean psql = hasPsql();
        List<Path> scripts = new ArrayList<>();
        ExecutorService threads = Executors.newFixedThreadPool(lanes);
        try {
            for (int lane = 0; lane < lanes; lane++) {
                scripts.add(script(lane));
            }
            long began = System.nanoTime();
            List<Future<?>> running = new ArrayList<>();
            for (Path script : scripts) {
                running.add(threads.submit(() -> psql ? psql(script) : jdbc(script)));
            }
            for (Future<?> lane : running) {
                lane.get();
            }
            return (System.nanoTime() - began) / 1e9;
        } finally {
            threads.shutdownNow();
            for (Path script : scripts) {
                Files.deleteIfExists(script);
            }
        }
    }

    private Path script(int lane) throws IOException {
        long share = (bench.rows() + lanes - 1) / lanes;
        long last = Math.min(bench.rows(), share * (lane + 1));
        Path script = Files.createTempFile("bbm-plain-loop", ".sql");
        try (BufferedWriter out = Files.newBufferedWriter(script)) {
            out.write("SET synchronous_commit = off;\n");
            for (long from = share * lane + 1; from <= last; from += subBatch) {
                out.write("UPDATE %s SET wide = value::bigint WHERE id BETWEEN %d AND %d;%n"
                        .formatted(Bench.TABLE, from, Math.min(last, from + subBatch - 1)));
            }
        }
        return script;
    }

    private Integer psql(Path script) throws IOException, InterruptedException {
        URI uri = URI.create(bench.url().substring("jdbc:".length()));
        Path log = Files.createTempFile("bbm-plain-loop", ".log");
        int exit = new ProcessBuilder(
                        "psql",
                        "-X",
                        "-q",
                        "-v",
                        "ON_ERROR_STOP=1",
                        "-h",
                        uri.getHost(),
                        "-p",
                        Integer.toString(uri.getPort()),
                        "-U",
                        "postgres",
                        "-d",
                        uri.getPath().substring(1),
                        "-f",
                        script.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start()
                .waitFor();
        if (exit != 0) {
            throw new IOException("psql failed: " + Files.readString(log));
        }
        Files.delete(log);
        return exit;
    }

    private Integer jdbc(Path script) throws Exception {
        try (Connection connection = DriverManager.getConnection(bench.url());
                Statement statement = connection.createStatement()) {
            for (String line : Files.readAllLines(script)) {
                statement.execute(line);
            }
        }
        return 0;
    }
}
