package org.registrybbm.app.internal.metrics;

import static org.registrybbm.app.Samples.FAILURE;
import static org.registrybbm.app.Samples.REPLICA;
import static org.registrybbm.app.Samples.job;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import io.dropwizard.db.ManagedPooledDataSource;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.Samples;
import org.registrybbm.migrations.budget.Budget;
import org.registrybbm.migrations.budget.Limit;
import org.registrybbm.migrations.event.MigrationEvent;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.status.Pace;
import org.registrybbm.migrations.status.Reason;
import org.registrybbm.migrations.status.Replica;
import org.registrybbm.migrations.status.StatusSnapshot;

/** The metrics of a replica, fed without a database. */
final class AllMetrics {
    static final List<String> POOLS = List.of("bbm-data", "bbm-quartz");

    final AtomicLong nanos = new AtomicLong();
    boolean works = true;

    @Nullable
    StatusSnapshot state;

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final ReplicaMetrics metrics = new ReplicaMetrics(registry, nanos::get);

    /** A metric, as it has to be described. */
    record Described(String name, String type, Set<String> labels) {}

    AllMetrics() {
        MetricRegistry pools = new MetricRegistry();
        for (String pool : POOLS) {
            for (String what : List.of("active", "idle", "waiting")) {
                pools.register(
                        MetricRegistry.name(ManagedPooledDataSource.class, pool, what), (Gauge<Integer>) what::length);
            }
        }
        metrics.ask(() -> Optional.ofNullable(state), () -> works, POOLS, pools);
    }

    /** Returns every metric that there is, each with all its labels. */
    static List<Described> all() {
        AllMetrics all = new AllMetrics();
        all.state = state(List.of(overview(1, "copy", Reason.Code.RUNNING, 7)));
        all.works(Samples.migration(1, "copy"));
        return all.registry.scrape().stream().map(AllMetrics::described).toList();
    }

    /** Lets everything happen that a listener can hear of. */
    void works(BatchedMigration migration) {
        tell(new MigrationEvent.BatchStarted(migration, job(7, 1, 1), REPLICA, true));
        tell(new MigrationEvent.SubBatchCommitted(migration, job(7, 1, 1), REPLICA, 50, 40, Duration.ofMillis(700)));
        tell(new MigrationEvent.BatchFinished(migration, job(7, 1, 1), REPLICA, Duration.ofSeconds(3)));
        tell(new MigrationEvent.RowsQuarantined(migration, job(7, 1, 1), REPLICA, List.of(FAILURE, FAILURE)));
        tell(new MigrationEvent.BatchStarted(migration, job(8, 1, 1), REPLICA, false));
        tell(new MigrationEvent.BatchFailed(migration, job(8, 1, 1), REPLICA, FAILURE, false, Duration.ZERO));
        tell(new MigrationEvent.BatchHandedBack(migration, job(9, 1, 1), REPLICA, BatchOutcome.Reason.LOCKED));
        tell(new MigrationEvent.MigrationReopened(migration, "1 batch job was not done"));
    }

    void tell(MigrationEvent event) {
        metrics.listener().on(event);
    }

    List<String> scrape() {
        return text().lines().toList();
    }

    String text() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            PrometheusTextFormatWriter.create().write(out, registry.scrape());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    static StatusSnapshot state(List<MigrationOverview> migrations) {
        return new StatusSnapshot(
                Instant.EPOCH,
                migrations,
                List.of(new Replica(REPLICA, 2), new Replica("replica-2", 1)),
                List.of(
                        new Budget(Budget.Subject.FLEET, Limit.of(4), Limit.of(20_000), Limit.DEFAULT),
                        new Budget(Budget.Subject.EACH_MIGRATION, Limit.of(2), Limit.UNLIMITED, Limit.DEFAULT)),
                Map.of());
    }

    static MigrationOverview overview(long id, String name, Reason.Code reason, long quarantined) {
        return new MigrationOverview(
                Samples.migration(id, name),
                0,
                OptionalDouble.of(12.5),
                OptionalLong.of(2000),
                250,
                240,
                1,
                0,
                1,
                quarantined,
                0,
                List.of(REPLICA),
                reason == Reason.Code.RUNNING
                        ? Optional.of(
                                new Pace(10, Optional.of(new Pace.Range(Duration.ofMinutes(2), Duration.ofMinutes(5)))))
                        : Optional.empty(),
                new Reason(reason, "does it", Optional.empty()));
    }

    private static Described described(MetricSnapshot snapshot) {
        boolean counts = snapshot instanceof CounterSnapshot;
        Set<String> labels = new TreeSet<>();
        for (DataPointSnapshot point : snapshot.getDataPoints()) {
            point.getLabels().forEach(label -> labels.add(label.getName()));
        }
        String name = snapshot.getMetadata().getPrometheusName();
        return new Described(
                counts ? name + "_total" : name,
                counts ? "counter" : snapshot instanceof HistogramSnapshot ? "histogram" : "gauge",
                labels);
    }
}
