package org.registrybbm.app.internal.metrics;

import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.registrybbm.migrations.status.StatusSnapshot;

/**
 * Exports the state of all migrations and of the fleet as the tables tell it at the time of the scrape. While the database does not
 * answer, there are no values, because old ones would look new.
 */
final class SnapshotCollector implements MultiCollector {
    private final Supplier<Optional<StatusSnapshot>> source;
    private final Consumer<StatusSnapshot> alsoTell;

    /**
     * Creates a collector.
     *
     * @param source reads the state; empty if the database does not answer
     * @param alsoTell hears of each state that was read for a scrape
     */
    SnapshotCollector(Supplier<Optional<StatusSnapshot>> source, Consumer<StatusSnapshot> alsoTell) {
        this.source = source;
        this.alsoTell = alsoTell;
    }

    @Override
    public MetricSnapshots collect() {
        MetricSnapshots.Builder builder = MetricSnapshots.builder();
        source.get().ifPresent(snapshot -> {
            alsoTell.accept(snapshot);
            SnapshotGauge.ALL.forEach(gauge -> builder.metricSnapshot(gauge.read(snapshot)));
        });
        return builder.build();
    }

    @Override
    public List<String> getPrometheusNames() {
        return SnapshotGauge.ALL.stream().map(SnapshotGauge::name).toList();
    }
}
