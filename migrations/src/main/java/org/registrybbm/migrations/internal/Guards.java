package org.registrybbm.migrations.internal;

import org.registrybbm.migrations.EngineSettings;

/**
 * What each transaction sets for itself, so that no statement, lock wait or forgotten transaction lasts for ever. The isolation level is
 * stated, as a database may have another default: each statement must see what was committed while it waited for a lock.
 */
final class Guards {
    /** For claims, planning and bookkeeping: durable, and over in milliseconds or not at all. */
    static final String SHORT_TRANSACTION = """
            SET LOCAL statement_timeout = '10s';
            SET LOCAL lock_timeout = '2s';
            SET LOCAL idle_in_transaction_session_timeout = '10s'
            """;

    private Guards() {}

    /**
     * For sub-batches. {@code synchronous_commit = off} is safe because the cursor is in the same transaction: a server that
     * crashes loses both or neither. The advisory lock tells the others that the batch job's worker is alive, however long this takes.
     */
    static String subBatch(EngineSettings.Timeouts timeouts, long jobId) {
        return """
                SET LOCAL statement_timeout = %d;
                SET LOCAL lock_timeout = %d;
                SET LOCAL idle_in_transaction_session_timeout = %d;
                SET LOCAL synchronous_commit = off;
                SELECT pg_advisory_xact_lock(%s)
                """.formatted(
                        timeouts.statement().toMillis(),
                        timeouts.lock().toMillis(),
                        timeouts.idleInTransaction().toMillis(),
                        JobQueries.IN_FLIGHT_KEY.formatted(jobId));
    }
}
