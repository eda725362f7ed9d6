package org.registrybbm.app.internal.metrics;

import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import org.registrybbm.migrations.status.MigrationOverview;

/** Exports how many rows of every migration wait for a person in quarantine, from the tables at the time of the scrape. */
public final class QuarantineCollector implements Collector {
    private static final String NAME = "registry_database_bbm_quarantined_tuples";

    private final Overviews overviews;

    /** Creates a collector that reads from the given source. */
    public QuarantineCollector(Overviews overviews) {
        this.overviews = overviews;
    }

    @Override
    public MetricSnapshot collect() {
        GaugeSnapshot.Builder builder =
                GaugeSnapshot.builder().name(NAME).help("Rows in quarantine that wait for a person");
        for (MigrationOverview overview : overviews.current()) {
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
