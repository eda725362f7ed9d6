package org.registrybbm.app.internal.text;

import io.dropwizard.configuration.ConfigurationException;
import io.dropwizard.core.cli.Cli;
import java.net.BindException;
import java.sql.SQLException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import liquibase.exception.MigrationFailedException;
import liquibase.exception.PreconditionFailedException;
import net.sourceforge.argparse4j.inf.ArgumentParserException;
import org.registrybbm.app.internal.secrets.Secrets;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.failure.UnknownMigrationException;

/** Reports the failure of a command: one line on stderr and an exit code. */
public final class Errors {
    private static final int FAILED = 1;
    private static final int WRONG_USAGE = 2;

    private static final Pattern PRECONDITION = Pattern.compile("Reason:\\s+\\S+ : (.+)", Pattern.DOTALL);

    private static final Pattern SERVER_PREFIX = Pattern.compile("^ERROR: ");

    private Errors() {}

    /** Prints the line of a failure, if it has a message. A wrong configuration has a line for each mistake. */
    public static void print(Cli cli, Throwable error) {
        boolean said = error instanceof CommandFailure && "".equals(error.getMessage());
        if (!said) {
            cli.getStdErr().println(message(error));
        }
    }

    /** Returns 2 for wrong usage, what a command says for its failure, and 1 for everything else. */
    public static int exitCode(Throwable error) {
        if (error instanceof CommandFailure failure) {
            return failure.exitCode();
        }
        return error instanceof ArgumentParserException ? WRONG_USAGE : FAILED;
    }

    public static String message(Throwable error) {
        return Secrets.hide(shown(error));
    }

    private static String shown(Throwable error) {
        Optional<String> precondition = precondition(error);
        if (precondition.isPresent()) {
            return precondition.get();
        }
        Optional<String> gate = gate(error);
        if (gate.isPresent()) {
            return gate.get();
        }
        Throwable telling = telling(error);
        String message = telling.getMessage();
        if (message == null || message.isBlank()) {
            return telling.getClass().getName();
        }
        return telling instanceof ConfigurationException
                ? message.stripTrailing()
                : message.strip().replaceAll("\\s+", " ") + ofPort(telling);
    }

    // Jetty says which port it is, and its cause what is wrong with it.
    private static String ofPort(Throwable error) {
        return error.getCause() instanceof BindException cause
                ? ": " + cause.getMessage()
                        + "; REGISTRY_PORT sets the port, REGISTRY_ADMIN_PORT that of the admin pages"
                : "";
    }

    // What a gate says has lines: what stands in the way, and what to run.
    private static Optional<String> gate(Throwable error) {
        for (Throwable one = error; one != null; one = one.getCause()) {
            if (one instanceof SQLException sql
                    && String.valueOf(sql.getSQLState()).startsWith("RBM0")) {
                return Optional.of(SERVER_PREFIX
                        .matcher(String.valueOf(sql.getMessage()))
                        .replaceFirst("")
                        .replaceAll("(?s)\\n  Where: .*", ""));
            }
        }
        return Optional.empty();
    }

    // Liquibase puts the place in the changelog around the changelog's own sentence, twice. Only the sentence is shown.
    private static Optional<String> precondition(Throwable error) {
        for (Throwable one = error; one != null; one = one.getCause()) {
            if (one instanceof MigrationFailedException && one.getCause() instanceof PreconditionFailedException) {
                Matcher matcher = PRECONDITION.matcher(String.valueOf(one.getMessage()));
                return matcher.find()
                        ? Optional.of(matcher.group(1).strip().replaceAll("\\s+", " "))
                        : Optional.empty();
            }
        }
        return Optional.empty();
    }

    // Finds the outermost exception whose message was written for people.
    private static Throwable telling(Throwable error) {
        for (Throwable one = error; one != null; one = one.getCause()) {
            if (one instanceof CommandFailure
                    || one instanceof ConfigurationException
                    || one instanceof SchemaNotMigratedException
                    || one instanceof UnknownMigrationException
                    || one instanceof DatabaseException) {
                return one;
            }
        }
        Throwable said = error;
        while (said.getCause() != null && said.getCause().toString().equals(said.getMessage())) {
            // This exception only wraps its cause: its message is the cause's with a class name before it.
            said = said.getCause();
        }
        return said;
    }
}
