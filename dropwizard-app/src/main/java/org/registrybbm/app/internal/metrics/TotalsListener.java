package org.registrybbm.app.internal.metrics;

import com.codahale.metrics.MetricRegistry;
import org.registrybbm.migrations.event.MigrationEvent;
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
import org.registrybbm.migrations.event.MigrationListener;

/** Counts what this replica did in Dropwizard's registry, under {@code registry.bbm}, without a series per migration. */
public final class TotalsListener implements MigrationListener {
    private static final String PREFIX = "registry.bbm";

    private final MetricRegistry metrics;

    /** Counts in the application's registry. */
    public TotalsListener(MetricRegistry metrics) {
        this.metrics = metrics;
        // From the start, so that a dashboard shows zeros and not gaps.
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
    public void on(MigrationEvent event) {
        if (event instanceof SubBatchCommitted e) {
            metrics.timer(name("queries", "duration")).update(e.took());
            metrics.counter(name("tuples", "migrated")).inc(e.migrated());
        } else if (event instanceof RowsQuarantined e) {
            metrics.counter(name("tuples", "quarantined")).inc(e.failures().size());
        } else if (event instanceof BatchStarted e) {
            count("jobs", e.takeover() ? "takenOver" : "started");
        } else if (event instanceof BatchFinished e) {
            metrics.timer(name("jobs", "duration")).update(e.took());
            count("jobs", "finished");
        } else if (event instanceof BatchFailed e) {
            metrics.timer(name("jobs", "duration")).update(e.took());
            count("jobs", e.exhausted() ? "exhausted" : "failed");
        } else if (event instanceof BatchHandedBack) {
            count("jobs", "handedBack");
        } else if (event instanceof BatchLost) {
            count("jobs", "lost");
        } else if (event instanceof MigrationFinished) {
            count("migrations", "finished");
        } else if (event instanceof MigrationFailed) {
            count("migrations", "failed");
        } else if (event instanceof MigrationReopened) {
            count("migrations", "reopened");
        }
    }

    private void count(String what, String end) {
        metrics.counter(name(what, end)).inc();
    }

    private static String name(String what, String end) {
        return MetricRegistry.name(PREFIX, what, end);
    }
}
