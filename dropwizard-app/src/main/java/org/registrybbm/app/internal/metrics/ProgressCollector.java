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

/**
 * Exports the progress of every migration, from the tables at the time of the scrape. Each migration has one series, with its current
 * status as a label.
 */
public final class ProgressCollector implements Collector {
    private static final String NAME = "registry_database_bbm_progress_percent";

    private static final Duration FRESH = Duration.ofSeconds(5);

    private final Snapshots snapshots;

    /** Creates a collector that reads from the given source. */
    public ProgressCollector(Snapshots snapshots) {
        this.snapshots = snapshots;
    }

    @Override
    public MetricSnapshot collect() {
        GaugeSnapshot.Builder builder =
                GaugeSnapshot.builder().name(NAME).help("Progress of a batched migration, 0 to 100");
        for (MigrationOverview overview :
                snapshots.fresh(FRESH).map(StatusSnapshot::migrations).orElse(List.of())) {
            builder.dataPoint(GaugeDataPointSnapshot.builder()
                    .value(overview.progressPercent().orElse(0))
                    .labels(Labels.of(
                            "migration_id",
                            Long.toString(overview.migration().id()),
                            "migration_name",
                            overview.migration().name(),
                            "status",
                            overview.migration().status().word()))
                    .build());
        }
        return builder.build();
    }

    @Override
    public String getPrometheusName() {
        return NAME;
    }
}
