package org.registrybbm.scheduler.chaos;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.regex.Pattern;

/** Somebody with a session of their own and an open transaction, who thinks. */
final class Person implements AutoCloseable {
    /** The snapshot of a dump or a report. */
    static final String SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM %s";

    /** The same with a transaction id, as of somebody who also writes. */
    static final String SNAPSHOT_WITH_XID = SNAPSHOT + "; SELECT pg_current_xact_id()";

    private static final String NAME = "person";

    /** The server is gone, or somebody is in the person's way: who comes back later is another person. */
    private static final Pattern GIVES_UP = Pattern.compile("(08|40|55|57)...");

    private final Timeline timeline;
    private final Connection connection;

    /** Begins a transaction with some statements. */
    private Person(Service service, String statements) throws SQLException {
        this.timeline = service.timeline();
        this.connection =
                DriverManager.getConnection(service.urlOf(NAME) + "&socketTimeout=60&options=-c%20lock_timeout=5s");
        try {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.execute(statements);
            }
        } catch (SQLException e) {
            close();
            throw e;
        }
    }

    /** Keeps a transaction open until it is closed. */
    static Person keeps(Service service, String statements) throws SQLException {
        return new Person(service, statements);
    }

    /** Begins a transaction, thinks and ends it; gives up where the server is away or somebody else has what it wants. */
    static void thinks(Service service, String statements, Duration howLong, boolean commits) throws SQLException {
        try (Person person = new Person(service, statements)) {
            person.timeline.add(NAME, "has begun: " + statements.replaceAll("\\s+", " "));
            Stage.pass(howLong);
            person.end(commits);
        } catch (SQLException e) {
            if (!GIVES_UP.matcher(String.valueOf(e.getSQLState())).matches()) {
                throw e;
            }
            service.timeline().add(NAME, "gives up: " + e.getMessage());
        }
    }

    private void end(boolean commits) throws SQLException {
        if (commits) {
            connection.commit();
        } else {
            connection.rollback();
        }
        timeline.add(NAME, commits ? "has committed" : "has rolled back");
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
