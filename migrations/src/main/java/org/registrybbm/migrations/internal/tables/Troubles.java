package org.registrybbm.migrations.internal.tables;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.registrybbm.migrations.failure.Failure;

/** Remembers which failed plans this replica has reported, so that it reports each reason once and not at each turn while it lasts. */
public final class Troubles {
    // This is longer than the longest pause between two plans. A reason that comes back after that is reported again.
    private static final Duration FORGOTTEN_AFTER = Duration.ofMinutes(2);

    private final Map<Long, Told> told = new ConcurrentHashMap<>();

    private record Told(String reason, long last) {}

    /** Notes why a migration could not be planned, and returns whether that should be reported. */
    public boolean isNews(long migrationId, Failure failure) {
        // The texts of one SQLSTATE may differ, as each may name another process or statement.
        String reason = failure.sqlState() == null ? failure.message() : failure.sqlState();
        long now = System.nanoTime();
        Told before = told.put(migrationId, new Told(reason, now));
        return before == null || !before.reason().equals(reason) || now - before.last() > FORGOTTEN_AFTER.toNanos();
    }
}
