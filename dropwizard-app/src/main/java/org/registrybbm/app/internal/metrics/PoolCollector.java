package org.registrybbm.app.internal.metrics;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.Metric;
import com.codahale.metrics.MetricRegistry;
import io.dropwizard.db.ManagedPooledDataSource;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.List;

/** Exports how busy the pools of this replica are. Pools of another kind than Dropwizard's are missing. */
final class PoolCollector implements MultiCollector {
    private static final String CONNECTIONS = "registry_bbm_pool_connections";
    private static final String WAITING = "registry_bbm_pool_waiting_threads";

    private final MetricRegistry metrics;
    private final List<String> pools;

    /**
     * Creates a collector.
     *
     * @param metrics where Dropwizard's pools register their gauges
     * @param pools the names of the pools
     */
    PoolCollector(MetricRegistry metrics, List<String> pools) {
        this.metrics = metrics;
        this.pools = pools;
    }

    @Override
    public MetricSnapshots collect() {
        GaugeSnapshot.Builder connections = GaugeSnapshot.builder()
                .name(CONNECTIONS)
                .help("Connections of a pool of this replica that are in use, or idle");
        GaugeSnapshot.Builder waiting = GaugeSnapshot.builder()
                .name(WAITING)
                .help("Threads of this replica that wait for a connection of a pool");
        for (String pool : pools) {
            add(connections, pool, "active", Labels.of("pool", pool, "state", "active"));
            add(connections, pool, "idle", Labels.of("pool", pool, "state", "idle"));
            add(waiting, pool, "waiting", Labels.of("pool", pool));
        }
        return MetricSnapshots.of(connections.build(), waiting.build());
    }

    private void add(GaugeSnapshot.Builder builder, String pool, String what, Labels labels) {
        Metric metric = metrics.getMetrics().get(MetricRegistry.name(ManagedPooledDataSource.class, pool, what));
        if (metric instanceof Gauge<?> gauge && gauge.getValue() instanceof Number number) {
            builder.dataPoint(GaugeDataPointSnapshot.builder()
                    .value(number.doubleValue())
                    .labels(labels)
                    .build());
        }
    }

    @Override
    public List<String> getPrometheusNames() {
        return List.of(CONNECTIONS, WAITING);
    }
}
