package org.registrybbm.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A replica in a process of its own, which can be killed and frozen. It ends with this JVM. */
record ReplicaProcess(String name, Process process) implements AutoCloseable {
    static ReplicaProcess start(TestDatabase database, String name, ReplicaMain.Freeze freeze) throws IOException {
        File log = Path.of("target", "replica-" + name + "-" + database.name() + ".log")
                .toFile();
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-Dbbm.test.log=INFO",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ReplicaMain.class.getName(),
                        database.url(),
                        name,
                        freeze.name()))
                .redirectErrorStream(true)
                .redirectOutput(log)
                .start();
        return new ReplicaProcess(name, process);
    }

    /** SIGKILL. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }

    /** SIGCONT. */
    void wake() throws IOException, InterruptedException {
        assertThat(new ProcessBuilder("kill", "-CONT", Long.toString(process.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    void awaitFrozen() {
        await().atMost(Duration.ofSeconds(60)).until(() -> state().startsWith("T"));
    }

    private String state() throws IOException {
        Process ps = new ProcessBuilder("ps", "-o", "state=", "-p", Long.toString(process.pid())).start();
        return new String(ps.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            assertThat(process.waitFor(10, TimeUnit.SECONDS))
                    .as("end of " + name)
                    .isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
