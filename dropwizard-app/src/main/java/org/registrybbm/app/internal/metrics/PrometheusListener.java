package org.registrybbm.app.internal.metrics;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.registrybbm.migrations.event.EventAdapter;
import org.registrybbm.migrations.event.MigrationEvent.BatchFailed;
import org.registrybbm.migrations.event.MigrationEvent.BatchFinished;
import org.registrybbm.migrations.event.MigrationEvent.BatchHandedBack;
import org.registrybbm.migrations.event.MigrationEvent.BatchLost;
import org.registrybbm.migrations.event.MigrationEvent.BatchStarted;
import org.registrybbm.migrations.event.MigrationEvent.MigrationReopened;
import org.registrybbm.migrations.event.MigrationEvent.RowsQuarantined;
import org.registrybbm.migrations.event.MigrationEvent.SubBatchCommitted;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchedMigration;

/** Counts what this replica does in the Prometheus metrics of batched migrations. */
public final class PrometheusListener extends EventAdapter {
    private static final double NANOS = 1e9;
    private static final String WORKER = "registry.bbm.Worker";
    private static final String[] MIGRATION = {"migration_name", "migration_id"};
    private static final double[] DURATIONS = {.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600};
    private static final double[] SLEEPS = {
        .5, 1, 5, 15, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400
    };

    private final LongSupplier nanos;
    private final Map<Long, Long> runsSince = new ConcurrentHashMap<>();
    private final ThreadLocal<Long> idleSince = new ThreadLocal<>();

    private final Counter runs;
    private final Histogram runDuration;
    private final Histogram jobDuration;
    private final Histogram queryDuration;
    private final Gauge batchSize;
    private final Counter tuples;
    private final Counter quarantined;
    private final Counter reopened;
    private final Histogram sleep;

    /**
     * Creates a listener and registers its metrics.
     *
     * @param registry the registry that Prometheus scrapes
     * @param nanos a clock that only goes forward
     */
    public PrometheusListener(PrometheusRegistry registry, LongSupplier nanos) {
        this.nanos = nanos;
        runs = Counter.builder()
                .name("registry_bbm_runs_total")
                .help(
                        "Runs of batch jobs by this replica, whether they finished, failed, were handed back or were lost")
                .register(registry);
        runDuration = histogram("registry_bbm_run_duration_seconds", "Duration of one run of a batch job", DURATIONS)
                .register(registry);
        jobDuration = histogram("registry_bbm_job_duration_seconds", "Duration of a batch job that finished", DURATIONS)
                .labelNames(MIGRATION)
                .register(registry);
        queryDuration = histogram(
                        "registry_bbm_query_duration_seconds",
                        "Duration of the transaction of one sub-batch",
                        DURATIONS)
                .labelNames(MIGRATION)
                .register(registry);
        batchSize = Gauge.builder()
                .name("registry_bbm_job_batch_size")
                .help("Number of rows of the last batch job that finished")
                .labelNames(MIGRATION)
                .register(registry);
        tuples = Counter.builder()
                .name("registry_bbm_migrated_tuples_total")
                .help("Rows that this replica changed")
                .labelNames(MIGRATION)
                .register(registry);
        quarantined = Counter.builder()
                .name("registry_bbm_quarantined_tuples_total")
                .help("Rows that this replica could not change and put into quarantine")
                .labelNames(MIGRATION)
                .register(registry);
        reopened = Counter.builder()
                .name("registry_bbm_reopened_migrations_total")
                .help(
                        "Migrations that this replica made active again, because they were set to finished but not complete")
                .labelNames(MIGRATION)
                .register(registry);
        sleep = histogram("registry_bbm_sleep_duration_seconds", "Time during which a worker had no batch job", SLEEPS)
                .labelNames("worker")
                .register(registry);
        sleep.initLabelValues(WORKER);
    }

    @Override
    public void subBatchCommitted(SubBatchCommitted event) {
        queryDuration.labelValues(labels(event.migration())).observe(seconds(event.took()));
        tuples.labelValues(labels(event.migration())).inc((double) event.migrated());
    }

    @Override
    public void rowsQuarantined(RowsQuarantined event) {
        quarantined.labelValues(labels(event.migration())).inc(event.failures().size());
    }

    @Override
    public void migrationReopened(MigrationReopened event) {
        reopened.labelValues(labels(event.migration())).inc();
    }

    @Override
    public void batchStarted(BatchStarted event) {
        started(event.job());
    }

    @Override
    public void batchFinished(BatchFinished event) {
        jobDuration.labelValues(labels(event.migration())).observe(seconds(event.took()));
        batchSize.labelValues(labels(event.migration())).set((double)
                event.job().coveredTupleCount());
        ended(event.job());
    }

    @Override
    public void batchFailed(BatchFailed event) {
        ended(event.job());
    }

    @Override
    public void batchHandedBack(BatchHandedBack event) {
        ended(event.job());
    }

    @Override
    public void batchLost(BatchLost event) {
        ended(event.job());
    }

    private void started(BatchJob job) {
        long now = nanos.getAsLong();
        runsSince.put(job.id(), now);
        Long idle = idleSince.get();
        if (idle != null) {
            sleep.labelValues(WORKER).observe(seconds(Duration.ofNanos(now - idle)));
            idleSince.remove();
        }
    }

    private void ended(BatchJob job) {
        long now = nanos.getAsLong();
        runs.inc();
        Long since = runsSince.remove(job.id());
        if (since != null) {
            runDuration.observe(seconds(Duration.ofNanos(now - since)));
        }
        idleSince.set(now);
    }

    private static Histogram.Builder histogram(String name, String help, double[] buckets) {
        return Histogram.builder().name(name).help(help).classicOnly().classicUpperBounds(buckets);
    }

    private static String[] labels(BatchedMigration migration) {
        return new String[] {migration.name(), Long.toString(migration.id())};
    }

    private static double seconds(Duration duration) {
        return (double) duration.toNanos() / NANOS;
    }
}
