package org.registrybbm.app.internal.metrics;

import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.time.Duration;
import java.util.List;
import org.registrybbm.app.internal.snapshot.Snapshots;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.status.StatusSnapshot;

/** Exports how many rows of every migration wait for a person in quarantine, from the tables at the time of the scrape. */
public final class QuarantineCollector implements Collector {
    private static final String NAME = "registry_database_bbm_quarantined_tuples";

    private static final Duration FRESH = Duration.ofSeconds(5);

    private final Snapshots snapshots;

    /** Creates a collector that reads from the given source. */
    public QuarantineCollector(Snapshots snapshots) {
        this.snapshots = snapshots;
    }

    @Override
    public MetricSnapshot collect() {
        GaugeSnapshot.Builder builder =
                GaugeSnapshot.builder().name(NAME).help("Rows in quarantine that wait for a person");
        for (MigrationOverview overview :
                snapshots.fresh(FRESH).map(StatusSnapshot::migrations).orElse(List.of())) {
            builder.dataPoint(GaugeDataPointSnapshot.builder()
                    .value((double) overview.quarantinedRows())
                    .labels(Labels.of(
                            "migration_id",
                            Long.toString(overview.migration().id()),
                            "migration_name",
                            overview.migration().name()))
                    .build());
        }
        return builder.build();
    }

    @Override
    public String getPrometheusName() {
        return NAME;
    }
}
