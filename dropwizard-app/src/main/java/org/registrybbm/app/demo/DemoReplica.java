package org.registrybbm.app.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.registrybbm.app.internal.database.Pools;
import org.registrybbm.app.internal.lifecycle.ParentWatch;

/**
 * Runs one replica: a process of its own with the command {@code server}.
 *
 * @param number 1, 2 or 3
 * @param process the process
 * @param log the file that the process logs to
 */
record DemoReplica(int number, Process process, Path log) {
    private static final int PATIENCE_SECONDS = 3;

    private static final String CONFIGURATION = """
            database:
              url: ${REGISTRY_DATABASE_URL}
              user: ${REGISTRY_DATABASE_USER}
              password: ${REGISTRY_DATABASE_PASSWORD}
            backgroundMigrations:
              workers: 2
              batchTarget: 1s
              subBatchTarget: 100ms
              timeouts:
                lease: 3s
            server:
              applicationConnectors:
                - type: http
                  port: 0
                  bindHost: 127.0.0.1
              adminConnectors:
                - type: http
                  port: 0
                  bindHost: 127.0.0.1
              requestLog:
                appenders: []
            logging:
              appenders:
                - type: console
                  layout:
                    type: registry
            """;

    /** Starts a replica; {@code main} is the class that its process runs. */
    static DemoReplica start(int number, Path directory, Pools.Address address, Class<?> main) throws IOException {
        Path configuration = directory.resolve("replica-" + number + ".yml");
        Files.writeString(configuration, CONFIGURATION);
        Path log = directory.resolve("replica-" + number + ".log");
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName(),
                "server",
                configuration.toString());
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        Map<String, String> environment = builder.environment();
        environment.put("REGISTRY_DATABASE_URL", address.url());
        environment.put("REGISTRY_DATABASE_USER", String.valueOf(address.user()));
        environment.put("REGISTRY_DATABASE_PASSWORD", String.valueOf(address.password()));
        // The replica ends with the demo, however the demo ends.
        environment.put(ParentWatch.VARIABLE, "true");
        return new DemoReplica(number, builder.start(), log);
    }

    long pid() {
        return process.pid();
    }

    /** Returns whether the owner of a lease is this replica. */
    boolean isNamed(String owner) {
        return owner.contains("-" + pid() + "-");
    }

    /** Sends SIGKILL, so that the replica cannot hand anything back. */
    void kill() {
        process.destroyForcibly();
    }

    /** Sends SIGTERM. */
    void end() {
        process.destroy();
    }

    void awaitEnd() {
        try {
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    /** Returns the last 5 lines of the replica's log, for the case that it ended by itself. */
    String lastWords() throws IOException {
        List<String> lines = Files.readAllLines(log);
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 5), lines.size()));
    }
}
