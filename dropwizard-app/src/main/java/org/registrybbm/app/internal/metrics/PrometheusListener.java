package org.registrybbm.app.internal.metrics;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
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
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.status.StatusSnapshot;

/**
 * Counts what this replica does in the Prometheus metrics of batched migrations. It has series of the {@value MigrationSeries#MOST}
 * migrations that it worked on last, and none of a migration that was deleted.
 */
final class PrometheusListener extends EventAdapter {
    private static final double NANOS = 1e9;
    private static final String WORKER = "registry.bbm.Worker";
    private static final double[] DURATIONS = {.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600};
    private static final double[] SLEEPS = {
        .5, 1, 5, 15, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400
    };

    private final PrometheusRegistry registry;
    private final LongSupplier nanos;
    private final Map<Long, Long> runsSince = new ConcurrentHashMap<>();
    private final ThreadLocal<Long> idleSince = new ThreadLocal<>();
    private final MigrationSeries series;

    private final Counter runs;
    private final Histogram runDuration;
    private final Histogram jobDuration;
    private final Histogram queryDuration;
    private final Gauge batchSize;
    private final Counter tuples;
    private final Counter quarantined;
    private final Counter reopened;
    private final Counter failures;
    private final Counter takeovers;
    private final Counter lockWaits;
    private final Histogram sleep;

    /**
     * Creates a listener and registers its metrics.
     *
     * @param registry the registry that Prometheus scrapes
     * @param nanos a clock that only goes forward
     */
    PrometheusListener(PrometheusRegistry registry, LongSupplier nanos) {
        this.registry = registry;
        this.nanos = nanos;
        this.series = new MigrationSeries(nanos);
        runs = Counter.builder()
                .name("registry_bbm_runs_total")
                .help(
                        "Runs of batch jobs by this replica, whether they finished, failed, were handed back or were lost")
                .register(registry);
        runDuration = histogram("registry_bbm_run_duration_seconds", "Duration of one run of a batch job", DURATIONS)
                .register(registry);
        jobDuration = ofMigrations(
                histogram("registry_bbm_job_duration_seconds", "Duration of a batch job that finished", DURATIONS));
        queryDuration = ofMigrations(histogram(
                "registry_bbm_query_duration_seconds", "Duration of the transaction of one sub-batch", DURATIONS));
        batchSize = series.keep(Gauge.builder()
                .name("registry_bbm_job_batch_size")
                .help("Number of rows of the last batch job that finished")
                .labelNames(MigrationSeries.LABELS)
                .register(registry));
        tuples = counter("registry_bbm_migrated_tuples_total", "Rows that this replica changed");
        quarantined = counter(
                "registry_bbm_quarantined_tuples_total",
                "Rows that this replica could not change and put into quarantine");
        reopened = counter(
                "registry_bbm_reopened_migrations_total",
                "Migrations that this replica made active again, because they were set to finished but not complete");
        failures = counter("registry_bbm_job_failures_total", "Attempts of batch jobs that failed on this replica");
        takeovers = counter(
                "registry_bbm_job_takeovers_total",
                "Batch jobs that this replica took over from a worker that gave no sign of life");
        lockWaits = counter(
                "registry_bbm_job_lock_waits_total",
                "Batch jobs that this replica handed back, because a lock of another session was in their way");
        GaugeWithCallback.builder()
                .name("registry_bbm_jobs_at_work")
                .help("Batch jobs that this replica runs now")
                .callback(gauge -> gauge.call(runsSince.size()))
                .register(registry);
        sleep = histogram("registry_bbm_sleep_duration_seconds", "Time during which a worker had no batch job", SLEEPS)
                .labelNames("worker")
                .register(registry);
        sleep.initLabelValues(WORKER);
    }

    @Override
    public void subBatchCommitted(SubBatchCommitted event) {
        queryDuration.labelValues(series.labels(event.migration())).observe(seconds(event.took()));
        tuples.labelValues(series.labels(event.migration())).inc((double) event.migrated());
    }

    @Override
    public void rowsQuarantined(RowsQuarantined event) {
        quarantined
                .labelValues(series.labels(event.migration()))
                .inc(event.failures().size());
    }

    @Override
    public void migrationReopened(MigrationReopened event) {
        reopened.labelValues(series.labels(event.migration())).inc();
    }

    @Override
    public void batchStarted(BatchStarted event) {
        if (event.takeover()) {
            takeovers.labelValues(series.labels(event.migration())).inc();
        }
        started(event.job());
    }

    @Override
    public void batchFinished(BatchFinished event) {
        jobDuration.labelValues(series.labels(event.migration())).observe(seconds(event.took()));
        batchSize.labelValues(series.labels(event.migration())).set((double)
                event.job().coveredTupleCount());
        ended(event.job());
    }

    @Override
    public void batchFailed(BatchFailed event) {
        failures.labelValues(series.labels(event.migration())).inc();
        ended(event.job());
    }

    @Override
    public void batchHandedBack(BatchHandedBack event) {
        if (event.reason() == BatchOutcome.Reason.LOCKED) {
            lockWaits.labelValues(series.labels(event.migration())).inc();
        }
        ended(event.job());
    }

    @Override
    public void batchLost(BatchLost event) {
        ended(event.job());
    }

    /** Drops the series of all migrations that do not exist any more. */
    void retain(StatusSnapshot snapshot) {
        series.retain(snapshot.migrations().stream()
                .map(MigrationOverview::migration)
                .map(MigrationSeries.Key::of)
                .collect(Collectors.toSet()));
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

    private Counter counter(String name, String help) {
        return series.keep(Counter.builder()
                .name(name)
                .help(help)
                .labelNames(MigrationSeries.LABELS)
                .register(registry));
    }

    private Histogram ofMigrations(Histogram.Builder histogram) {
        return series.keep(histogram.labelNames(MigrationSeries.LABELS).register(registry));
    }

    private static Histogram.Builder histogram(String name, String help, double[] buckets) {
        return Histogram.builder().name(name).help(help).classicOnly().classicUpperBounds(buckets);
    }

    private static double seconds(Duration duration) {
        return (double) duration.toNanos() / NANOS;
    }
}
