package org.registrybbm.app.internal.metrics;

import com.codahale.metrics.MetricRegistry;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.registrybbm.app.internal.webhook.Outcomes;
import org.registrybbm.migrations.event.MigrationListener;
import org.registrybbm.migrations.status.StatusSnapshot;

/** The Prometheus metrics of batched migrations on one replica, all that {@code docs/metrics.md} lists. */
public final class ReplicaMetrics {
    private static final String DELIVERED = "delivered";
    private static final String FAILED = "failed";
    private static final String GIVEN_UP = "given_up";

    private final PrometheusRegistry registry;
    private final PrometheusListener listener;
    private final Counter deliveries;

    /**
     * Registers what the events of this replica tell.
     *
     * @param registry the registry that Prometheus scrapes
     * @param nanos a clock that only goes forward
     */
    public ReplicaMetrics(PrometheusRegistry registry, LongSupplier nanos) {
        this.registry = registry;
        this.listener = new PrometheusListener(registry, nanos);
        this.deliveries = Counter.builder()
                .name("registry_bbm_webhook_deliveries_total")
                .help("Messages to the webhook that this replica delivered or gave up, and tries that failed")
                .labelNames("outcome")
                .register(registry);
        for (String outcome : List.of(DELIVERED, FAILED, GIVEN_UP)) {
            deliveries.initLabelValues(outcome);
        }
    }

    /** Returns what has to hear the events of the engine. */
    public MigrationListener listener() {
        return listener;
    }

    /** Returns what has to be told of the webhook. */
    public Outcomes webhook() {
        return new Outcomes() {
            @Override
            public void delivered() {
                deliveries.labelValues(DELIVERED).inc();
            }

            @Override
            public void failed() {
                deliveries.labelValues(FAILED).inc();
            }

            @Override
            public void givenUp() {
                deliveries.labelValues(GIVEN_UP).inc();
            }
        };
    }

    /**
     * Registers what is asked for at each scrape.
     *
     * @param state reads the state of all migrations; empty if the database does not answer
     * @param works whether the scheduler of this replica takes batch jobs, if it should
     * @param pools the names of this replica's pools
     * @param metrics where Dropwizard's pools register their gauges
     */
    public void ask(
            Supplier<Optional<StatusSnapshot>> state,
            BooleanSupplier works,
            List<String> pools,
            MetricRegistry metrics) {
        GaugeWithCallback.builder()
                .name("registry_bbm_scheduler_checked_in")
                .help("0 while this replica should take batch jobs and cannot, otherwise 1")
                .callback(gauge -> gauge.call(works.getAsBoolean() ? 1 : 0))
                .register(registry);
        registry.register(new SnapshotCollector(state, listener::retain));
        registry.register(new PoolCollector(metrics, pools));
    }
}
