package org.registrybbm.migrations.internal.jdbc;

import java.time.Duration;
import org.registrybbm.migrations.settings.EngineSettings;

/**
 * The settings of each kind of transaction. They keep statements, lock waits and forgotten transactions from lasting for ever. Each kind
 * states its isolation level, because a database may have another default. Except for those that only read, each statement must see what
 * was committed while it waited for a lock.
 */
public final class TransactionSettings {
    // PostgreSQL 17 has a limit for whole transactions. If the database sets it, it would end work that has limits of
    // its own.
    private static final String NO_TRANSACTION_TIMEOUT = """
            SELECT set_config('transaction_timeout', '0', true)
            WHERE current_setting('transaction_timeout', true) IS NOT NULL
            """.strip();

    // PostgreSQL then raises an error if a policy would hide rows. Otherwise hidden rows would pass for done.
    private static final String NO_HIDDEN_ROWS = "SET LOCAL row_security = off";

    // The statements here are short. PostgreSQL's compiler would take longer than it saves, and seconds for a long
    // condition.
    private static final String NO_COMPILATION = "SET LOCAL jit = off";

    // For every transaction that evaluates an author's expressions or reads rows of a table.
    private static final String ON_TABLES =
            NO_HIDDEN_ROWS + ";\n" + NO_COMPILATION + ";\n" + NO_TRANSACTION_TIMEOUT + ";\n" + ValueSettings.OWN;

    /**
     * For claims, bookkeeping, and the part of a plan that concerns all migrations. These transactions are durable, and either take
     * milliseconds or fail.
     */
    public static final String SHORT_TRANSACTION = shortTransaction("2s");

    /** For notes about a batch job that are written before its work begins. The work must not wait long for them. */
    public static final String AT_ONCE = shortTransaction("100ms");

    /** For planning, which must not wait long for the row of one migration that somebody's open transaction has locked. */
    public static final String PLANNING = """
            SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
            SET LOCAL statement_timeout = '3s';
            SET LOCAL lock_timeout = '300ms';
            SET LOCAL idle_in_transaction_session_timeout = '10s';
            """ + ON_TABLES;

    /** For one statement of a plan whose work grows with the number of batch jobs. The limit is shorter than the network's. */
    public static final String LONG_STATEMENT = "SET LOCAL statement_timeout = '12s'";

    /** For the statements after {@link #LONG_STATEMENT}: the limit of a plan's other statements again. */
    public static final String PLAN_STATEMENT = "SET LOCAL statement_timeout = '3s'";

    /**
     * For a plan that only hands out batch jobs. Nobody works on a batch job before its claim is durable, and flushing a commit flushes all
     * commits before it. If the server crashes in between, the batch job is lost and is cut again.
     */
    public static final String NOT_FLUSHED_YET = """
            SET LOCAL synchronous_commit = off
            """;

    /** For the offer of a batch job to a replica. If a crash loses the offer, another one is made. */
    public static final String OFFER = SHORT_TRANSACTION.stripTrailing() + ";\n" + NOT_FLUSHED_YET;

    // Between two parts of the snapshot, a worker waits for its pace and for connections.
    private static final int IDLE_SNAPSHOT = 6;

    private TransactionSettings() {}

    private static String shortTransaction(String lockTimeout) {
        return """
                SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
                SET LOCAL statement_timeout = '10s';
                SET LOCAL lock_timeout = '%s';
                SET LOCAL idle_in_transaction_session_timeout = '10s';
                %s
                """.formatted(lockTimeout, NO_COMPILATION);
    }

    /** For a statement of a sub-batch that has to look through a whole table. */
    public static String scan(EngineSettings.Timeouts timeouts) {
        return "SET LOCAL statement_timeout = " + timeouts.scan().toMillis();
    }

    /** For reading through a table. The limits are those of a sub-batch, but nothing is changed and all statements see the same rows. */
    public static String reading(EngineSettings.Timeouts timeouts) {
        return """
                SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
                SET LOCAL statement_timeout = %d;
                SET LOCAL idle_in_transaction_session_timeout = %d;
                %s
                """.formatted(
                timeouts.statement().toMillis(), timeouts.idleInTransaction().toMillis(), ON_TABLES);
    }

    /**
     * For reading through tables as they were at one moment, in parts. Between two parts the transaction may be idle for six times as long
     * as a sub-batch may.
     */
    public static String snapshot(EngineSettings.Timeouts timeouts) {
        return reading(timeouts)
                + """
                ;
                SET LOCAL lock_timeout = %d;
                SET LOCAL idle_in_transaction_session_timeout = %d;
                SELECT pg_current_snapshot()
                """.formatted(
                        timeouts.lock().toMillis(),
                        timeouts.idleInTransaction().multipliedBy(IDLE_SNAPSHOT).toMillis());
    }

    /**
     * For sub-batches. {@code synchronous_commit = off} is safe because the cursor is in the same transaction: a server that crashes loses
     * both or neither.
     *
     * <p>Where its platform allows it, PostgreSQL checks each second whether the replica is still there. Otherwise a statement of a dead
     * replica would hold the batch job until it ends. The advisory lock tells the other replicas that the worker of this batch job is
     * alive, however long the transaction takes.
     */
    public static String subBatch(EngineSettings.Timeouts timeouts, Duration statementLimit, long jobId) {
        return """
                SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
                SET LOCAL statement_timeout = %d;
                SET LOCAL lock_timeout = %d;
                SET LOCAL idle_in_transaction_session_timeout = %d;
                SET LOCAL synchronous_commit = off;
                %s;
                SELECT set_config(
                    'client_connection_check_interval', CASE WHEN version() ~ 'linux' THEN '1s' ELSE '0' END, true);
                SELECT pg_advisory_xact_lock(%s)
                """.formatted(
                        statementLimit.toMillis(),
                        timeouts.lock().toMillis(),
                        timeouts.idleInTransaction().toMillis(),
                        ON_TABLES,
                        AdvisoryKeys.IN_FLIGHT.formatted(jobId));
    }
}
