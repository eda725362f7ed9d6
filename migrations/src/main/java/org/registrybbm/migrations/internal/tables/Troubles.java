package org.registrybbm.migrations.internal.tables;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.registrybbm.migrations.failure.Failure;

/** What this replica has told of plans that failed, so that each reason is told once, and not again at each turn while it lasts. */
public final class Troubles {
    // Longer than the longest pause between two plans: a reason that comes back later is news.
    private static final Duration FORGOTTEN_AFTER = Duration.ofMinutes(2);

    private final Map<Long, Told> told = new ConcurrentHashMap<>();

    private record Told(String reason, long last) {}

    /** Notes why a migration could not be planned, and returns whether that is to be told. */
    public boolean isNews(long migrationId, Failure failure) {
        // The text of one SQLSTATE may name another process or statement each time.
        String reason = failure.sqlState() == null ? failure.message() : failure.sqlState();
        long now = System.nanoTime();
        Told before = told.put(migrationId, new Told(reason, now));
        return before == null || !before.reason().equals(reason) || now - before.last() > FORGOTTEN_AFTER.toNanos();
    }
}
