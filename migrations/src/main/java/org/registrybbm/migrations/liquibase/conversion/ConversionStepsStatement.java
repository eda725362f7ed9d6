package org.registrybbm.migrations.liquibase.conversion;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import liquibase.database.Database;
import liquibase.database.PreparedStatementFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.DatabaseException;
import liquibase.exception.UnexpectedLiquibaseException;
import org.registrybbm.migrations.liquibase.base.ProgramStatement;

/**
 * Runs the steps of a column conversion that are left. It asks the database for them, runs them in their order, and asks again if one of
 * them had to give way to others.
 */
public final class ConversionStepsStatement extends ProgramStatement {
    private static final int TRIES = 5;
    private static final long PAUSE_SECONDS = 2;
    // lock_not_available, deadlock_detected: the same may work a little later.
    private static final Set<String> PASSING = Set.of("55P03", "40P01");

    private final Database database;
    private final String function;
    private final String name;
    private final Verb verb;

    ConversionStepsStatement(Database database, String function, String name, Verb verb) {
        this.database = database;
        this.function = function;
        this.name = name;
        this.verb = verb;
    }

    private record Step(String title, String statement, boolean always) {}

    @Override
    public void execute(PreparedStatementFactory factory) throws DatabaseException {
        Connection connection = ((JdbcConnection) database.getConnection()).getUnderlyingConnection();
        try {
            for (int tries = 1; !isDone(connection, tries); tries++) {
                TimeUnit.SECONDS.sleep(PAUSE_SECONDS);
            }
        } catch (SQLException e) {
            throw new DatabaseException(e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnexpectedLiquibaseException("interrupted in the column conversion '" + name + "'", e);
        }
    }

    /** Returns whether all steps are done; else they are to be tried again. */
    private boolean isDone(Connection connection, int tries) throws SQLException {
        try {
            run(connection);
            return true;
        } catch (SQLException e) {
            if (!PASSING.contains(String.valueOf(e.getSQLState())) || tries == TRIES) {
                throw e;
            }
            tell(e.getMessage() + "; trying again");
            return false;
        }
    }

    private void run(Connection connection) throws SQLException {
        List<Step> steps = steps(connection);
        for (int i = 0; i < steps.size(); i++) {
            Step step = steps.get(i);
            String place = "step " + (i + 1) + " of " + steps.size() + ", " + step.title();
            tell("column conversion '" + name + "', " + place);
            try {
                run(connection, step);
            } catch (SQLException e) {
                leave(connection, steps.subList(i + 1, steps.size()), e);
                throw new SQLException(
                        "column conversion '" + name + "' broke off in " + place + ": " + e.getMessage()
                                + System.lineSeparator() + "Run the same again; it goes on where it broke off.",
                        e.getSQLState(),
                        e);
            }
        }
    }

    private List<Step> steps(Connection connection) throws SQLException {
        List<Step> steps = new ArrayList<>();
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT title, statement, always FROM " + function + "(?, ?)")) {
            statement.setString(1, name);
            statement.setString(2, verb.word());
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    steps.add(
                            new Step(rows.getString("title"), rows.getString("statement"), rows.getBoolean("always")));
                }
            }
            tellWarnings(statement);
        }
        return steps;
    }

    private static void run(Connection connection, Step step) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(step.statement());
            tellWarnings(statement);
        }
    }

    private static void tellWarnings(Statement statement) throws SQLException {
        for (SQLWarning warning = statement.getWarnings(); warning != null; warning = warning.getNextWarning()) {
            tell(String.valueOf(warning.getMessage()));
        }
    }

    /** Leaves the session as it was before. */
    private static void leave(Connection connection, List<Step> left, SQLException why) {
        for (Step step : left) {
            try {
                if (step.always()) {
                    run(connection, step);
                }
            } catch (SQLException e) {
                // The session is gone, and with it what it held.
                why.addSuppressed(e);
            }
        }
    }
}
