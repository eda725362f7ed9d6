package org.registrybbm.app.internal.page;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.registrybbm.app.internal.page.view.Detail;
import org.registrybbm.app.internal.page.view.MapView;
import org.registrybbm.app.internal.snapshot.Snapshots;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.verification.Verification;

/**
 * Reads what is shown of one migration alone, and keeps it for as long as the state of all is the same, so that many who look at one
 * migration cost no more than one.
 */
final class Details {
    private static final int MOST_KEPT = 100;
    private static final int BATCH_JOBS = 50;
    private static final int EVENTS = 50;
    private static final long LASTS_NANOS = Duration.ofSeconds(10).toNanos();

    private final BatchedMigrations engine;
    private final LongSupplier nanos;
    private final Map<Key, Kept> kept = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Kept> eldest) {
            return size() > MOST_KEPT;
        }
    };

    private record Key(long id, int hours) {}

    private record Kept(Instant taken, long at, Detail detail) {}

    Details(BatchedMigrations engine, LongSupplier nanos) {
        this.engine = engine;
        this.nanos = nanos;
    }

    /** Returns what is known. One look at a time reads, and the others wait for it. */
    synchronized Detail of(Snapshots.Seen seen, MigrationOverview one, int hours) {
        Key key = new Key(one.migration().id(), hours);
        Instant taken = seen.snapshot().takenAt();
        Kept last = kept.get(key);
        boolean same = last != null && last.taken().equals(taken) && nanos.getAsLong() - last.at() < LASTS_NANOS;
        if (last != null && (same || !seen.answered())) {
            return last.detail();
        }
        try {
            Detail detail = read(one, taken, hours);
            kept.put(key, new Kept(taken, nanos.getAsLong(), detail));
            return detail;
        } catch (DatabaseException e) {
            if (last == null) {
                throw e;
            }
            return last.detail();
        }
    }

    private Detail read(MigrationOverview one, Instant taken, int hours) {
        long id = one.migration().id();
        return new Detail(
                engine.status().samples(id, taken.minus(Duration.ofHours(hours))),
                engine.status().map(one, MapView.CELLS),
                engine.status().batchJobs(id, true, Long.MAX_VALUE, BATCH_JOBS),
                engine.eventLog().newest(one.migration().name(), EVENTS),
                verification(id));
    }

    /** The previous schema has no table for it, and the rest can be shown without. */
    private Optional<Verification> verification(long id) {
        try {
            return engine.verifications().last(id);
        } catch (SchemaNotMigratedException e) {
            return Optional.empty();
        }
    }
}
