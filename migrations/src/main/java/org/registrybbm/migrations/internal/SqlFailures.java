package org.registrybbm.migrations.internal;

import java.sql.BatchUpdateException;
import java.sql.SQLException;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
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

    // Classes that begin with 5 to 9 or I to Z are left to implementations. PostgreSQL takes some of them for itself:
    // 53, 54, 55, 57, 58, 72, P0 and XX.
    private static final Pattern USER_CLASS = Pattern.compile("(?!5[34578]|72|P0|XX)[5-9I-Z]....");

    private static final int LONGEST_TEXT = 1000;

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

    /**
     * Returns whether a row is to blame: a data exception (class 22), a constraint (23), a check option (44), an exception of a
     * trigger (P0, 45), or a class that neither the standard nor PostgreSQL reserves, as {@code RAISE ... USING ERRCODE} gives.
     */
    static boolean isDataError(Throwable thrown) {
        String state = sqlState(thrown);
        return state != null
                && (state.startsWith("22")
                        || state.startsWith("23")
                        || state.startsWith("44")
                        || state.startsWith("P0")
                        || state.startsWith("45")
                        || USER_CLASS.matcher(state).matches());
    }

    /** Returns whether a function raised it, whatever SQLSTATE it took for that. */
    private static boolean isRaised(String state, String message) {
        return state.startsWith("P0")
                || state.startsWith("45")
                || USER_CLASS.matcher(state).matches()
                // In other languages the words around it differ.
                || message.contains("RAISE");
    }

    /**
     * Returns whether planning fails in the same way until a person acts: an invalid definition, a check that throws, a missing
     * privilege or other error of the statement (class 42), its data (22, 23). Whatever else the database or the pool says may pass.
     */
    static boolean isLasting(Throwable thrown) {
        String state = sqlState(thrown);
        if (state != null) {
            return state.startsWith("42") || state.startsWith("22") || state.startsWith("23");
        }
        return Stream.iterate(thrown, Objects::nonNull, Throwable::getCause).noneMatch(SQLException.class::isInstance);
    }

    /** Describes an exception for the tables, without row values. */
    static Failure describe(FailureCode code, Throwable thrown) {
        if (thrown instanceof InvalidDefinitionException invalid) {
            return invalid.failure();
        }
        return new Failure(code, thrown.getClass().getName(), sqlState(thrown), text(thrown));
    }

    /**
     * Returns the first line of a message: PostgreSQL puts row values into the detail, which pgjdbc appends in further lines. A data
     * exception (class 22) has them in its first line, in quotes; the text of a raised one is not kept at all; a JDBC batch has the whole statement, but a next exception without.
     */
    static String text(Throwable thrown) {
        if (thrown instanceof BatchUpdateException batch && batch.getNextException() != null) {
            return text(batch.getNextException());
        }
        String message = thrown.getMessage() == null ? "no message" : thrown.getMessage();
        String line = message.lines().findFirst().orElse("");
        String state = sqlState(thrown);
        if (state != null && isRaised(state, message)) {
            // What a function raises may hold whatever its author put into it; where it was raised does not.
            return "an exception that a function raised; PostgreSQL's log has its text"
                    + message.lines()
                            .map(String::strip)
                            .filter(text -> text.startsWith("Where: "))
                            .findFirst()
                            .map(text -> " (" + text.substring("Where: ".length()) + ")")
                            .orElse("");
        }
        if (state != null && state.startsWith("22")) {
            line = withoutQuoted(line);
        }
        return line.length() > LONGEST_TEXT ? line.substring(0, LONGEST_TEXT) + " ..." : line;
    }

    /** Cuts a line at its first quote, as the values in it are in quotes; each language has its own. */
    static String withoutQuoted(String line) {
        return line.replaceAll("[\\p{Pi}\\p{Pf}\"\u201e\u201a\u300c\u300e\uff02].*", "\"...\"");
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
