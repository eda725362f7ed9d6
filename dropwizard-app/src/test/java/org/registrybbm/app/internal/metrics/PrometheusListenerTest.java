package org.registrybbm.app.internal.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.registrybbm.app.Samples.FAILURE;
import static org.registrybbm.app.Samples.REPLICA;
import static org.registrybbm.app.Samples.job;
import static org.registrybbm.app.Samples.migration;

import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.registrybbm.migrations.event.MigrationEvent;

class PrometheusListenerTest {
    private static final String LABELS = "{migration_id=\"1\",migration_name=\"copy\"";

    private final AtomicLong nanos = new AtomicLong();
    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final PrometheusListener listener = new PrometheusListener(registry, nanos::get);

    @Test
    void feedsTheContractsMetrics() throws IOException {
        listener.on(new MigrationEvent.BatchStarted(migration(1, "copy"), job(7, 1, 1), REPLICA, false));
        listener.on(new MigrationEvent.SubBatchCommitted(
                migration(1, "copy"), job(7, 1, 1), REPLICA, 50, 40, Duration.ofMillis(700)));
        nanos.addAndGet(Duration.ofSeconds(3).toNanos());
        listener.on(
                new MigrationEvent.BatchFinished(migration(1, "copy"), job(7, 1, 1), REPLICA, Duration.ofSeconds(3)));
        listener.on(new MigrationEvent.RowsQuarantined(
                migration(1, "copy"), job(7, 1, 1), REPLICA, List.of(FAILURE, FAILURE)));
        nanos.addAndGet(Duration.ofSeconds(20).toNanos());
        listener.on(new MigrationEvent.BatchStarted(migration(1, "copy"), job(8, 1, 1), REPLICA, false));
        listener.on(new MigrationEvent.BatchFailed(
                migration(1, "copy"), job(8, 1, 1), REPLICA, FAILURE, false, Duration.ZERO));

        listener.on(new MigrationEvent.MigrationReopened(migration(1, "copy"), "1 batch job was not done"));

        List<String> lines = scrape();
        assertThat(lines)
                .contains(
                        "registry_bbm_reopened_migrations_total" + LABELS + "} 1.0",
                        "registry_bbm_runs_total 2.0",
                        "registry_bbm_run_duration_seconds_bucket{le=\"2.0\"} 1",
                        "registry_bbm_run_duration_seconds_bucket{le=\"5.0\"} 2",
                        "registry_bbm_job_duration_seconds_bucket" + LABELS + ",le=\"2.0\"} 0",
                        "registry_bbm_job_duration_seconds_bucket" + LABELS + ",le=\"5.0\"} 1",
                        "registry_bbm_query_duration_seconds_bucket" + LABELS + ",le=\"0.5\"} 0",
                        "registry_bbm_query_duration_seconds_bucket" + LABELS + ",le=\"1.0\"} 1",
                        "registry_bbm_job_batch_size" + LABELS + "} 250.0",
                        "registry_bbm_migrated_tuples_total" + LABELS + "} 40.0",
                        "registry_bbm_quarantined_tuples_total" + LABELS + "} 2.0",
                        "registry_bbm_sleep_duration_seconds_bucket{worker=\"registry.bbm.Worker\",le=\"15.0\"} 0",
                        "registry_bbm_sleep_duration_seconds_bucket{worker=\"registry.bbm.Worker\",le=\"30.0\"} 1");
    }

    @Test
    void hasTheContractsBuckets() throws IOException {
        List<String> lines = scrape();
        assertThat(buckets(lines, "registry_bbm_run_duration_seconds"))
                .containsExactly(
                        "0.5", "1.0", "2.0", "5.0", "10.0", "15.0", "30.0", "60.0", "120.0", "300.0", "600.0", "900.0",
                        "1800.0", "3600.0", "+Inf");
        assertThat(buckets(lines, "registry_bbm_sleep_duration_seconds"))
                .containsExactly(
                        "0.5", "1.0", "5.0", "15.0", "30.0", "60.0", "300.0", "600.0", "900.0", "1800.0", "3600.0",
                        "7200.0", "10800.0", "21600.0", "43200.0", "86400.0", "+Inf");
    }

    private static List<String> buckets(List<String> lines, String name) {
        return lines.stream()
                .filter(line -> line.startsWith(name + "_bucket"))
                .map(line -> line.replaceFirst(".*le=\"([^\"]*)\".*", "$1"))
                .toList();
    }

    private List<String> scrape() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrometheusTextFormatWriter.create().write(out, registry.scrape());
        return out.toString(StandardCharsets.UTF_8).lines().toList();
    }
}
