package org.registrybbm.app.internal.metrics;

import io.prometheus.metrics.core.metrics.StatefulMetric;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.registrybbm.migrations.model.BatchedMigration;

/**
 * Keeps the series of single migrations few: those that this replica worked on last, {@value #MOST} at most, and none of migrations that do
 * not exist any more.
 */
final class MigrationSeries {
    /** Of how many migrations a replica has series of its own work. */
    static final int MOST = 32;

    /** The labels of each series of a migration. */
    static final String[] LABELS = {"migration_name", "migration_id"};

    // A migration may be younger than the state in which it was not found.
    private static final long YOUNG_NANOS = Duration.ofMinutes(1).toNanos();

    private final LongSupplier nanos;
    private final List<StatefulMetric<?, ?>> metrics = new ArrayList<>();
    private final Map<Key, Long> usedAt = new LinkedHashMap<>(MOST, 0.75f, true);

    /** The values of the labels. Both may be given to another migration later. */
    record Key(String name, long id) {
        static Key of(BatchedMigration migration) {
            return new Key(migration.name(), migration.id());
        }

        String[] values() {
            return new String[] {name, Long.toString(id)};
        }
    }

    /**
     * Creates a keeper that keeps no series yet.
     *
     * @param nanos a clock that only goes forward
     */
    MigrationSeries(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /** Takes a metric into care. Its labels are {@link #LABELS}. */
    <T extends StatefulMetric<?, ?>> T keep(T metric) {
        metrics.add(metric);
        return metric;
    }

    /** Returns the values of the labels for a migration that this replica works on now. */
    synchronized String[] labels(BatchedMigration migration) {
        Key key = Key.of(migration);
        usedAt.put(key, nanos.getAsLong());
        if (usedAt.size() > MOST) {
            Iterator<Key> oldest = usedAt.keySet().iterator();
            drop(oldest.next());
            oldest.remove();
        }
        return key.values();
    }

    /** Drops the series of all migrations but these, and those that this replica worked on within the last minute. */
    synchronized void retain(Set<Key> existing) {
        long now = nanos.getAsLong();
        usedAt.entrySet().removeIf(one -> {
            boolean gone = !existing.contains(one.getKey()) && now - one.getValue() > YOUNG_NANOS;
            if (gone) {
                drop(one.getKey());
            }
            return gone;
        });
    }

    private void drop(Key key) {
        metrics.forEach(metric -> metric.remove(key.values()));
    }
}
