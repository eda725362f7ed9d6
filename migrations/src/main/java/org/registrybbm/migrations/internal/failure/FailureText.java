package org.registrybbm.migrations.internal.failure;

import java.sql.BatchUpdateException;
import java.sql.SQLException;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.InvalidDefinitionException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;

/**
 * Makes the text of an exception that may be stored and logged, without anything that a row may hold.
 *
 * <p>PostgreSQL puts row values into the detail, which pgjdbc appends as further lines. For data exceptions (class 22) it also puts them
 * into the first line, behind a quotation mark of the server's language or behind a colon. What a function raises and what an author's Java
 * throws may contain anything, so only the place where it was thrown is kept.
 */
public final class FailureText {
    private static final int LONGEST = 1000;
    private static final String PGJDBC = "org.postgresql.";
    private static final String OWN = "org.registrybbm.migrations.internal.";
    private static final String SHIPPED = "org.registrybbm.migrations.work.";

    // cannot_coerce, datatype_mismatch of pgjdbc's own list
    private static final Set<String> CONVERSION = Set.of("42846", "42821");

    private static final Pattern QUOTED_VALUE = Pattern.compile("[\\p{Pi}\\p{Pf}\"\u201e\u201a\u300c\u300e\uff02'].*");
    private static final Pattern VALUE_BEHIND_COLON = Pattern.compile("(?<!^[A-Z\\p{L}]{0,20}): .*");

    // Classes of errors about something that a text names and that does not exist: something in another database (0A,
    // 3D), a schema (3F), a table, column or function (42), or something internal (XX).
    private static final Set<String> NAMES_OF_VALUES = Set.of("0A", "3D", "3F", "42", "XX");

    // generated_always names only the column, and PostgreSQL gives no position in the statement for it either.
    private static final String GENERATED = "428C9";

    private FailureText() {}

    /** Returns the text of an exception on one line: what the database said, if it said anything. */
    public static String of(Throwable thrown) {
        if (thrown instanceof BatchUpdateException batch && batch.getNextException() != null) {
            return of(batch.getNextException());
        }
        String line = line(thrown);
        return line.length() > LONGEST ? line.substring(0, LONGEST) + " ..." : line;
    }

    private static String line(Throwable thrown) {
        if (isOwn(thrown)) {
            return String.valueOf(thrown.getMessage()).lines().findFirst().orElse("");
        }
        if (thrown instanceof WorkFailedException failed) {
            return sqlCause(failed)
                    .filter(cause -> !WorkSqlException.isAuthors(cause))
                    .map(FailureText::ofSql)
                    .orElseGet(() -> ofJava(failed.getCause()));
        }
        return sqlCause(thrown).map(FailureText::ofSql).orElseGet(() -> ofJava(thrown));
    }

    private static Optional<SQLException> sqlCause(Throwable thrown) {
        return SqlFailures.causes(thrown)
                .filter(SQLException.class::isInstance)
                .map(SQLException.class::cast)
                .findFirst();
    }

    /** Returns whether the message was written by this library, or by the JVM because memory ran out or a class is missing. */
    private static boolean isOwn(Throwable thrown) {
        return (thrown instanceof InvalidDefinitionException
                        || thrown instanceof DatabaseException
                        || thrown instanceof SchemaNotMigratedException
                        || thrown instanceof WorkRuleException
                        || thrown instanceof CutOffException
                        || thrown instanceof SqlFailures.NoConnection
                        || thrown instanceof VirtualMachineError
                        || thrown instanceof LinkageError)
                && thrown.getMessage() != null;
    }

    private static String ofSql(SQLException thrown) {
        String state = SqlFailures.sqlState(thrown);
        String message = Objects.requireNonNullElse(thrown.getMessage(), "no message");
        if (ServerError.isRaised(thrown) || state != null && isRaised(state, message)) {
            return "an exception that a function raised; PostgreSQL's log has its text"
                    + ServerError.where(thrown)
                            .or(() -> where(message))
                            .map(text -> " (" + text + ")")
                            .orElse("");
        }
        if (thrown instanceof WorkSqlException work) {
            return ofJava(work.getCause());
        }
        if (ServerError.isPutTogether(thrown)) {
            return "an error in a statement that a function put together; PostgreSQL's log has its text"
                    + ServerError.function(thrown)
                            .map(text -> " (" + text + ")")
                            .orElse("");
        }
        // Drivers and pools put no values into the first line, with three exceptions: class 22, names that were looked
        // up at run time, and values that the driver itself could not convert.
        String line = message.lines().findFirst().orElse("");
        return state != null && mayHoldValue(state, thrown) ? withoutValue(line) : line;
    }

    private static boolean mayHoldValue(String state, SQLException thrown) {
        String errorClass = state.substring(0, Math.min(2, state.length()));
        return errorClass.equals("22")
                || NAMES_OF_VALUES.contains(errorClass) && !state.equals(GENERATED) && ServerError.isOfRunTime(thrown)
                || isOfConversion(thrown);
    }

    /** Cuts a line where a value may begin: at its first quotation mark, or at its first colon if it has no quotation mark. */
    public static String withoutValue(String line) {
        String quoted = QUOTED_VALUE.matcher(line).replaceFirst("\"...\"");
        return quoted.equals(line) ? VALUE_BEHIND_COLON.matcher(line).replaceFirst(": ...") : quoted;
    }

    /** Returns whether a function raised the error. Its SQLSTATE shows that, or the text about where it was raised. */
    private static boolean isRaised(String state, String message) {
        return state.startsWith("P0")
                || state.startsWith("45")
                || SqlFailures.isOfUserClass(state)
                || message.contains("RAISE");
    }

    /** Returns whether the driver itself could not convert a value to the type that was asked for. */
    static boolean isOfConversion(Throwable thrown) {
        return thrown instanceof SQLException failed
                && thrown.getClass().getName().startsWith(PGJDBC)
                && CONVERSION.contains(String.valueOf(failed.getSQLState()))
                && ServerError.of(failed, "getSQLState").isEmpty();
    }

    private static Optional<String> where(String message) {
        return message.lines()
                .map(String::strip)
                .filter(text -> text.startsWith("Where: "))
                .map(text -> text.substring("Where: ".length()))
                .findFirst();
    }

    private static String ofJava(Throwable thrown) {
        return place(thrown.getStackTrace())
                .map(frame -> "thrown at " + frame + "; its text may hold values and is not kept")
                .orElse("thrown at an unknown place; its text may hold values and is not kept");
    }

    /** Returns the first place in the author's code, outside the JDK, the driver and this library. */
    public static Optional<StackTraceElement> place(StackTraceElement[] frames) {
        return Stream.of(frames)
                .filter(frame -> Stream.of("java.", "javax.", "jdk.", "sun.", "com.sun.", PGJDBC, OWN, SHIPPED)
                        .noneMatch(frame.getClassName()::startsWith))
                .findFirst()
                .or(() -> Stream.of(frames).findFirst());
    }

    /** What PostgreSQL itself said, read by reflection from pgjdbc's exceptions. It is empty if the host uses another driver. */
    private static final class ServerError {
        private static final Pattern PL_SOURCES = Pattern.compile("(pl_exec|plpy_.*|plperl|pltcl)\\.c");

        // These keywords are the same in every language of the server.
        private static final Pattern PUT_TOGETHER = Pattern.compile("(?m)^PL/pgSQL.* (EXECUTE|OPEN|RETURN QUERY)\\b");

        /** Returns whether the error comes from a procedural language, which is where functions raise errors. */
        static boolean isRaised(SQLException thrown) {
            return of(thrown, "getFile")
                    .filter(file -> PL_SOURCES.matcher(file).matches())
                    .isPresent();
        }

        /**
         * Returns whether the error is about a statement that a function built from a text, which may contain anything that a row holds.
         */
        static boolean isPutTogether(SQLException thrown) {
            return of(thrown, "getWhere")
                    .filter(where -> PUT_TOGETHER.matcher(where).find())
                    .isPresent();
        }

        /** Returns whether the error has no position in a statement, so that the value of a row was wrong and not the statement's text. */
        static boolean isOfRunTime(SQLException thrown) {
            return of(thrown, "getPosition").filter("0"::equals).isPresent()
                    && of(thrown, "getInternalPosition").filter("0"::equals).isPresent();
        }

        /** Returns the line of the context that names the function. Other lines show statements with their values. */
        static Optional<String> function(SQLException thrown) {
            return of(thrown, "getWhere")
                    .flatMap(text -> text.lines()
                            .filter(line -> line.startsWith("PL/pgSQL") && line.indexOf('"') < 0)
                            .findFirst());
        }

        static Optional<String> where(SQLException thrown) {
            return of(thrown, "getWhere").flatMap(text -> text.lines().findFirst());
        }

        private static Optional<String> of(SQLException thrown, String getter) {
            try {
                Object message =
                        thrown.getClass().getMethod("getServerErrorMessage").invoke(thrown);
                return message == null ? Optional.empty() : text(message, getter);
            } catch (ReflectiveOperationException e) {
                return Optional.empty();
            }
        }

        private static Optional<String> text(Object message, String getter) throws ReflectiveOperationException {
            @Nullable Object value = message.getClass().getMethod(getter).invoke(message);
            return Optional.ofNullable(value).map(Object::toString);
        }
    }
}
