package org.registrybbm.migrations.internal.failure;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.FileSystemException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransientException;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.failure.InvalidDefinitionException;

/** Tells from an exception what went wrong. SQLSTATEs are those of PostgreSQL's manual, appendix A. */
public final class SqlFailures {
    // serialization_failure, deadlock_detected, lock_not_available, query_canceled (statement_timeout)
    private static final Set<String> WORTH_SMALLER = Set.of("40001", "40P01", "55P03", "57014");
    // deadlock_detected, lock_not_available
    private static final Set<String> LOCK_WAITS = Set.of("40P01", "55P03");
    // admin_shutdown, crash_shutdown, cannot_connect_now, too_many_connections, read_only_sql_transaction
    private static final Set<String> CONNECTION_LOST = Set.of("57P01", "57P02", "57P03", "53300", "25006");

    // Classes of errors that are not the migration's fault: connections (08, 28, 3D), transactions (40), resources
    // (53), operators (57), the system (58, XX)
    private static final Set<String> MAY_PASS_CLASSES = Set.of("08", "28", "3D", "40", "53", "57", "58", "XX");
    // lock_not_available, object_in_use, read_only_sql_transaction, idle_in_transaction_session_timeout,
    // transaction_timeout, invalid_sql_statement_name (a pooler forgot a prepared statement)
    private static final Set<String> MAY_PASS = Set.of("55P03", "55006", "25006", "25P03", "25P04", "26000");
    private static final String READ_ONLY = "25006";
    private static final int DEEPEST = 100;

    // The standard leaves classes that begin with 5 to 9 or I to Z to implementations. PostgreSQL uses some of them
    // itself: 53, 54, 55, 57, 58, 72, P0 and XX.
    private static final Pattern USER_CLASS = Pattern.compile("(?!5[34578]|72|P0|XX)[5-9I-Z]....");

    // Classes of errors that may be the fault of a row as well as of the statement: feature_not_supported, as when NaN
    // is cast to an integer; triggered_action_exception, case_not_found, cardinality_violation,
    // triggered_data_change_violation; routines (2F, 38, 39); names that do not exist, as of a text that is cast to
    // regclass or in a branch of a trigger (invalid_schema_name 3F, 42); limits, as of an index row (54); corrupted and
    // oversized values (XX)
    private static final Set<String> MAYBE_ROWS =
            Set.of("0A", "09", "20", "21", "27", "2F", "38", "39", "3F", "42", "54", "XX");
    private static final String NOT_IN_STATE = "55000";

    // indeterminate_collation: PostgreSQL finds it only when it compares the values of a row, but it is true for all
    // rows
    static final String NO_COLLATION = "42P22";

    private SqlFailures() {}

    /** Thrown when no connection could be had, whatever SQLSTATE the pool gives. */
    public static final class NoConnection extends SQLException {
        private static final long serialVersionUID = 1L;

        public NoConnection(SQLException cause) {
            super(cause.getMessage(), "08001", cause);
        }
    }

    /** Returns whether somebody else's lock was in the way. That says nothing about the work. */
    public static boolean isLockWait(Throwable thrown) {
        return LOCK_WAITS.contains(String.valueOf(sqlState(thrown)));
    }

    /** Returns whether the same work may succeed in a smaller sub-batch. */
    public static boolean isWorthSmaller(Throwable thrown) {
        String state = sqlState(thrown);
        return thrown instanceof OutOfMemoryError || state != null && WORTH_SMALLER.contains(state);
    }

    /** Returns whether the connection or the server is gone or may only be read. That says nothing about the work. */
    public static boolean isConnectionLost(Throwable thrown) {
        String state = sqlState(thrown);
        return state != null && (state.startsWith("08") || CONNECTION_LOST.contains(state));
    }

    /**
     * Returns whether the error is the fault of a row: a data exception (class 22), a constraint (23), a check option (44), an exception of
     * a trigger (P0, 45), or a class that neither the standard nor PostgreSQL reserves, as {@code RAISE ... USING ERRCODE} may give.
     *
     * <p>An exception of a work function's Java counts as the fault of a row too, unless it says that a statement or the network failed.
     */
    public static boolean isDataError(Throwable thrown) {
        String state = sqlState(thrown);
        if (state == null) {
            return (thrown instanceof WorkFailedException || thrown instanceof WorkSqlException)
                    && causes(thrown).noneMatch(SqlFailures::isFromOutside);
        }
        return (causes(thrown).anyMatch(FailureText::isOfConversion)
                || state.startsWith("22")
                || state.startsWith("23")
                || state.startsWith("44")
                || state.startsWith("P0")
                || state.startsWith("45")
                || isOfUserClass(state));
    }

    /**
     * Returns whether the cause lies outside the rows: the network, another connection or an interrupt. Other kinds of {@link IOException}
     * say that malformed data was read, as decoders and parsers do.
     */
    private static boolean isFromOutside(Throwable thrown) {
        return thrown instanceof InterruptedException
                || thrown instanceof TimeoutException
                || thrown instanceof SQLTransientException
                || thrown instanceof SQLRecoverableException
                || thrown instanceof SQLNonTransientConnectionException
                || thrown instanceof InterruptedIOException
                || thrown instanceof FileSystemException
                || thrown instanceof IOException
                        && (thrown.getClass() == IOException.class
                                || Stream.of("java.net.", "javax.net.", "java.nio.channels.")
                                        .anyMatch(thrown.getClass().getName()::startsWith));
    }

    /** Returns an exception and its causes; at most 100, because causes may form a circle. */
    static Stream<Throwable> causes(Throwable thrown) {
        return Stream.iterate(thrown, Objects::nonNull, Throwable::getCause).limit(DEEPEST);
    }

    /**
     * Returns whether the error may be the fault of a row. Besides data errors, these are errors that a trigger or a cast may cause for a
     * single row. They are not the row's fault if the same work fails without any row too.
     */
    public static boolean mayBeOfRow(Throwable thrown) {
        String state = sqlState(thrown);
        return isDataError(thrown)
                || NOT_IN_STATE.equals(state)
                || state != null
                        && !NO_COLLATION.equals(state)
                        && MAYBE_ROWS.contains(state.substring(0, Math.min(2, state.length())));
    }

    /** Returns whether a SQLSTATE is of a class that neither the standard nor PostgreSQL reserves. */
    static boolean isOfUserClass(String state) {
        return USER_CLASS.matcher(state).matches();
    }

    /** Returns whether the statement failed because the session or the database may only be read. */
    public static boolean isReadOnly(Throwable thrown) {
        return READ_ONLY.equals(sqlState(thrown));
    }

    /**
     * Returns whether planning will fail in the same way until a person acts. Errors that may pass by themselves are those of the
     * connection, of other transactions and of the server's resources, and those of a pool without a SQLSTATE. An invalid definition, a
     * check that throws and every other error of the database does not pass.
     */
    public static boolean isLasting(Throwable thrown) {
        String state = sqlState(thrown);
        if (state != null) {
            return !MAY_PASS.contains(state)
                    && !MAY_PASS_CLASSES.contains(state.substring(0, Math.min(2, state.length())));
        }
        return causes(thrown).noneMatch(SQLException.class::isInstance);
    }

    /** Describes an exception for the tables, without row values. */
    public static Failure describe(FailureCode code, Throwable thrown) {
        if (thrown instanceof InvalidDefinitionException invalid) {
            return invalid.failure();
        }
        boolean wrapped = thrown instanceof WorkFailedException || thrown instanceof WorkSqlException;
        Throwable told = wrapped && thrown.getCause() != null ? thrown.getCause() : thrown;
        return new Failure(code, told.getClass().getName(), sqlState(told), FailureText.of(thrown));
    }

    /** Describes why no plan can be made. If the role lacks a privilege, the text says what to do. */
    public static Failure describeLasting(Throwable thrown) {
        Failure failure = describe(FailureCode.UNKNOWN, thrown);
        return "42501".equals(failure.sqlState())
                ? new Failure(
                        FailureCode.INSUFFICIENT_PRIVILEGE,
                        failure.errorClass(),
                        failure.sqlState(),
                        failure.message() + "; GRANT the missing privilege to the engine's role")
                : failure;
    }

    static @Nullable String sqlState(Throwable thrown) {
        return causes(thrown)
                .filter(SQLException.class::isInstance)
                .map(cause -> ((SQLException) cause).getSQLState())
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
    }
}
