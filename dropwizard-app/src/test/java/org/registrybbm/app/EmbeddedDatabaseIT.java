package org.registrybbm.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.registrybbm.app.RegistryJar.Result;
import org.registrybbm.app.RegistryJar.Running;

@Timeout(value = 15, unit = TimeUnit.MINUTES)
class EmbeddedDatabaseIT {
    private static final String NAME = "backfill_blobs_p_0_id_column";

    @TempDir
    private Path directory;

    @Test
    void dataStayBetweenRunsAndOneServerServesAllProcessesOfADirectory() throws Exception {
        RegistryJar registry = new RegistryJar(directory, Map.of());

        Result first = registry.run("background-migrate", "priority", NAME, "7");
        assertThat(first.exit()).isZero();
        assertThat(first.out()).isEmpty();
        assertThat(first.err())
                .hasLineCount(2)
                .contains("started an embedded PostgreSQL", ".registry", NAME + ": priority 7");
        assertThat(Files.exists(pidFile())).isFalse();

        try (Running server = registry.start("server")) {
            await().atMost(RegistryJar.PATIENCE).until(() -> server.out().contains("Started"));
            long postgres = postgres();

            Result beside = registry.run("background-migrate", "status", "--migration", NAME);
            assertThat(beside.out()).contains("; priority 7");
            assertThat(beside.err()).hasLineCount(1).contains("using an embedded PostgreSQL");
            assertThat(postgres()).as("the one that joined does not stop it").isEqualTo(postgres);

            server.process().destroy();
            assertThat(server.process().waitFor(10, TimeUnit.SECONDS)).isTrue();
            assertThat(Files.exists(pidFile())).isFalse();
        }
        stopsAlsoWhenItsStarterIsKilled(registry);
    }

    // Not a test of its own, because a directory without data takes long to fill.
    private void stopsAlsoWhenItsStarterIsKilled(RegistryJar registry) throws Exception {
        try (Running server = registry.start("server")) {
            await().atMost(RegistryJar.PATIENCE).until(() -> server.out().contains("Started"));
            long postgres = postgres();
            server.process().destroyForcibly();

            await().atMost(RegistryJar.PATIENCE)
                    .until(() -> ProcessHandle.of(postgres).isEmpty());
        }
        assertThat(registry.run("background-migrate", "status").exit()).isZero();
    }

    private Path pidFile() {
        return directory.resolve(".registry/data/postmaster.pid");
    }

    private long postgres() throws IOException {
        return Long.parseLong(Files.readAllLines(pidFile()).get(0).strip());
    }
}
