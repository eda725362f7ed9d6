package org.registrybbm.migrations.internal.jdbc;

import java.time.Duration;
import org.registrybbm.migrations.settings.EngineSettings;

/**
 * What each transaction sets for itself, so that no statement, lock wait or forgotten transaction lasts for ever. The isolation level is
 * stated, as a database may have another default: each statement must see what was committed while it waited for a lock.
 */
public final class TransactionSettings {
    // A limit of the database for whole transactions would end work that has limits of its own; PostgreSQL 17 has it.
    private static final String NO_TRANSACTION_TIMEOUT = """
            SELECT set_config('transaction_timeout', '0', true)
            WHERE current_setting('transaction_timeout', true) IS NOT NULL
            """.strip();

    // PostgreSQL raises an error where a policy would hide rows, which would else pass for done.
    private static final String NO_HIDDEN_ROWS = "SET LOCAL row_security = off";

    // Statements here are short: PostgreSQL's compiler takes longer than what it saves, seconds for a long condition.
    private static final String NO_COMPILATION = "SET LOCAL jit = off";

    // Wherever an author's expressions are evaluated, and rows of tables are read.
    private static final String ON_TABLES =
            NO_HIDDEN_ROWS + ";\n" + NO_COMPILATION + ";\n" + NO_TRANSACTION_TIMEOUT + ";\n" + ValueSettings.OWN;

    /** For claims, planning and bookkeeping: durable, and over in milliseconds or not at all. */
    public static final String SHORT_TRANSACTION = shortTransaction("2s");

    /** For what is told of a batch job before its work begins: the work does not wait for it. */
    public static final String AT_ONCE = shortTransaction("100ms");

    /** For planning, which must not wait long for one migration's row that somebody's open transaction holds. */
    public static final String PLANNING = """
            SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
            SET LOCAL statement_timeout = '3s';
            SET LOCAL lock_timeout = '300ms';
            SET LOCAL idle_in_transaction_session_timeout = '10s';
            """ + ON_TABLES;

    /** For one statement of a plan whose work grows with the batch jobs; less than the network's limit. */
    public static final String LONG_STATEMENT = "SET LOCAL statement_timeout = '12s'";

    /** For those behind it. */
    public static final String PLAN_STATEMENT = "SET LOCAL statement_timeout = '3s'";

    /**
     * For a plan that only hands out batch jobs: nobody works on one before its claim is durable, and a commit that is flushed has
     * those before it flushed too. A server that crashes in between forgets the batch job, and cuts it anew.
     */
    public static final String NOT_FLUSHED_YET = """
            SET LOCAL synchronous_commit = off
            """;

    /** For who is to start a batch job: whatever a crash forgets of it is taken anew. */
    public static final String OFFER = SHORT_TRANSACTION.stripTrailing() + ";\n" + NOT_FLUSHED_YET;

    // Between two parts of it a worker waits for its pace, and for connections.
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

    /** For reading through a table: like sub-batches, but nothing is changed, and all statements see the same rows. */
    public static String reading(EngineSettings.Timeouts timeouts) {
        return """
                SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
                SET LOCAL statement_timeout = %d;
                SET LOCAL idle_in_transaction_session_timeout = %d;
                %s
                """.formatted(
                timeouts.statement().toMillis(), timeouts.idleInTransaction().toMillis(), ON_TABLES);
    }

    /** For reading through tables as of one moment, in parts between which it is idle for as long as a sub-batch may wait. */
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
     * For sub-batches. {@code synchronous_commit = off} is safe because the cursor is in the same transaction: a server that
     * crashes loses both or neither. PostgreSQL looks each second whether the replica is still there, where its platform can: a
     * statement of a dead one must not hold the batch job to its end. The advisory lock tells the others that the batch job's worker is alive, however long this takes.
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
