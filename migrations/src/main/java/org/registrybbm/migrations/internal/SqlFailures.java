package org.registrybbm.migrations.internal;

import java.sql.SQLException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.Failure;
import org.registrybbm.migrations.FailureCode;
import org.registrybbm.migrations.InvalidDefinitionException;

/** Reads what went wrong from an exception. SQLSTATEs are those of PostgreSQL's manual, appendix A. */
final class SqlFailures {
    // serialization_failure, deadlock_detected, lock_not_available, query_canceled (statement_timeout)
    private static final Set<String> WORTH_SMALLER = Set.of("40001", "40P01", "55P03", "57014");
    // admin_shutdown, crash_shutdown, cannot_connect_now, too_many_connections
    private static final Set<String> CONNECTION_LOST = Set.of("57P01", "57P02", "57P03", "53300");

    private SqlFailures() {}

    /** Thrown where no connection could be had, whatever SQLSTATE the pool gives. */
    static final class NoConnection extends SQLException {
        private static final long serialVersionUID = 1L;

        NoConnection(SQLException cause) {
            super(cause.getMessage(), "08001", cause);
        }
    }

    /** Returns whether the same work may succeed in a smaller sub-batch. */
    static boolean isWorthSmaller(Throwable thrown) {
        String state = sqlState(thrown);
        return state != null && WORTH_SMALLER.contains(state);
    }

    /** Returns whether the connection or the server is gone, which says nothing of the work. */
    static boolean isConnectionLost(Throwable thrown) {
        String state = sqlState(thrown);
        return state != null && (state.startsWith("08") || CONNECTION_LOST.contains(state));
    }

    /** Returns whether the same statement may succeed later although nobody acts. */
    static boolean isPassing(Throwable thrown) {
        String state = sqlState(thrown);
        // 53: insufficient resources; 25006: read_only_sql_transaction, as during a failover
        return isConnectionLost(thrown)
                || isWorthSmaller(thrown)
                || state != null && (state.startsWith("53") || state.equals("25006"));
    }

    /** Describes an exception for the tables, without row values: the first line of the message, never its detail. */
    static Failure describe(FailureCode code, Throwable thrown) {
        if (thrown instanceof InvalidDefinitionException invalid) {
            return invalid.failure();
        }
        String message = thrown.getMessage() == null ? "no message" : thrown.getMessage();
        return new Failure(code, thrown.getClass().getName(), sqlState(thrown), withoutDetail(message));
    }

    private static String withoutDetail(String message) {
        // PostgreSQL puts row values into the lines DETAIL and CONTEXT, which pgjdbc appends as "Detail:" and "Where:".
        int end = message.indexOf('\n');
        String line = end < 0 ? message : message.substring(0, end);
        return line.length() > 1000 ? line.substring(0, 1000) + " ..." : line;
    }

    private static @Nullable String sqlState(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql && sql.getSQLState() != null) {
                return sql.getSQLState();
            }
        }
        return null;
    }
}
