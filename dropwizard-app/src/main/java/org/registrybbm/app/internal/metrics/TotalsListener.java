package org.registrybbm.app.internal.metrics;

import com.codahale.metrics.MetricRegistry;
import org.registrybbm.migrations.event.EventAdapter;
import org.registrybbm.migrations.event.MigrationEvent.BatchFailed;
import org.registrybbm.migrations.event.MigrationEvent.BatchFinished;
import org.registrybbm.migrations.event.MigrationEvent.BatchHandedBack;
import org.registrybbm.migrations.event.MigrationEvent.BatchLost;
import org.registrybbm.migrations.event.MigrationEvent.BatchStarted;
import org.registrybbm.migrations.event.MigrationEvent.MigrationFailed;
import org.registrybbm.migrations.event.MigrationEvent.MigrationFinished;
import org.registrybbm.migrations.event.MigrationEvent.MigrationReopened;
import org.registrybbm.migrations.event.MigrationEvent.RowsQuarantined;
import org.registrybbm.migrations.event.MigrationEvent.SubBatchCommitted;

/**
 * Counts what this replica does in Dropwizard's registry of metrics, under {@code registry.bbm}. There are totals only, and no series for
 * each migration.
 */
public final class TotalsListener extends EventAdapter {
    private static final String PREFIX = "registry.bbm";

    private final MetricRegistry metrics;

    /** Creates a listener that counts in the application's registry. */
    public TotalsListener(MetricRegistry metrics) {
        this.metrics = metrics;
        // All metrics exist from the start, so that a dashboard shows zeros instead of gaps.
        for (String end :
                new String[] {"started", "takenOver", "finished", "failed", "exhausted", "handedBack", "lost"}) {
            metrics.counter(name("jobs", end));
        }
        for (String end : new String[] {"finished", "failed", "reopened"}) {
            metrics.counter(name("migrations", end));
        }
        metrics.timer(name("jobs", "duration"));
        metrics.timer(name("queries", "duration"));
        metrics.counter(name("tuples", "migrated"));
        metrics.counter(name("tuples", "quarantined"));
    }

    @Override
    public void subBatchCommitted(SubBatchCommitted event) {
        metrics.timer(name("queries", "duration")).update(event.took());
        metrics.counter(name("tuples", "migrated")).inc(event.migrated());
    }

    @Override
    public void rowsQuarantined(RowsQuarantined event) {
        metrics.counter(name("tuples", "quarantined")).inc(event.failures().size());
    }

    @Override
    public void batchStarted(BatchStarted event) {
        count("jobs", event.takeover() ? "takenOver" : "started");
    }

    @Override
    public void batchFinished(BatchFinished event) {
        metrics.timer(name("jobs", "duration")).update(event.took());
        count("jobs", "finished");
    }

    @Override
    public void batchFailed(BatchFailed event) {
        metrics.timer(name("jobs", "duration")).update(event.took());
        count("jobs", event.exhausted() ? "exhausted" : "failed");
    }

    @Override
    public void batchHandedBack(BatchHandedBack event) {
        count("jobs", "handedBack");
    }

    @Override
    public void batchLost(BatchLost event) {
        count("jobs", "lost");
    }

    @Override
    public void migrationFinished(MigrationFinished event) {
        count("migrations", "finished");
    }

    @Override
    public void migrationFailed(MigrationFailed event) {
        count("migrations", "failed");
    }

    @Override
    public void migrationReopened(MigrationReopened event) {
        count("migrations", "reopened");
    }

    private void count(String what, String end) {
        metrics.counter(name(what, end)).inc();
    }

    private static String name(String what, String end) {
        return MetricRegistry.name(PREFIX, what, end);
    }
}
