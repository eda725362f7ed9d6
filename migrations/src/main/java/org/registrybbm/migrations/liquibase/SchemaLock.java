package org.registrybbm.migrations.liquibase;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import liquibase.database.Database;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.DatabaseException;
import liquibase.exception.LockException;
import org.registrybbm.migrations.internal.jdbc.DirectSession;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/**
 * A lock on the schema changes of one database and schema, which Liquibase's own session holds. Take it before Liquibase does anything.
 *
 * <p>Liquibase has a lock of its own, a row of {@code databasechangeloglock}. It creates its tables before it takes that, so several runs
 * on an empty database get in each other's way, and the row stays locked if a run is killed. PostgreSQL itself releases the lock here as soon
 * as the session ends, whatever became of the process. Liquibase then takes its row as always, so that a run without this lock is kept out.
 */
public final class SchemaLock {
    /**
     * What the row of {@code databasechangeloglock} must say of a run that holds this lock, so that the next run knows it: set the system
     * property {@code liquibase.hostDescription} to this before Liquibase is loaded.
     */
    public static final String HOST_DESCRIPTION = "registry-bbm";

    private static final Duration LOOK = Duration.ofMillis(500);
    private static final Duration LINE = Duration.ofSeconds(10);

    // The schema of Liquibase's tables: two applications in two schemas do not wait for each other.
    private static final String KEY = "hashtextextended('org.registrybbm: schema changes in ' || ?::text, 0)";

    private static final String TAKE = """
            SELECT pg_try_advisory_lock(%s) AS taken
            """.formatted(KEY);

    private static final String RELEASE = """
            SELECT pg_advisory_unlock(%s) AS released
            """.formatted(KEY);

    // The two halves of the key, as pg_locks shows them.
    private static final String HOLDER = """
            SELECT l.pid, coalesce(nullif(a.application_name, ''), 'an unnamed session') AS name,
                coalesce(a.client_addr::text, 'this host') AS host,
                extract(epoch FROM clock_timestamp() - a.backend_start)::bigint AS seconds
            FROM pg_locks l
            LEFT JOIN pg_stat_activity a ON a.pid = l.pid
            CROSS JOIN (SELECT %s AS key) AS wanted
            WHERE l.locktype = 'advisory'
                AND l.granted
                AND l.objsubid = 1
                AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND (l.classid::bigint << 32) | l.objid::bigint = wanted.key
            LIMIT 1
            """.formatted(KEY);

    // A statement of a run that was killed ends soon, and with it the session and the lock.
    private static final String NOTICE_DEATH = """
            SET client_connection_check_interval = '1s'
            """;

    private static final String ROW_EXISTS = """
            SELECT to_regclass(?) IS NOT NULL AS found
            """;

    private static final String TAKE_ROW = """
            UPDATE %s
            SET locked = true, lockgranted = now(), lockedby = ? || concat_ws(' ', current_setting('application_name'), inet_client_addr()::text)
            WHERE id = 1
                AND NOT locked
            """;

    private static final String FREE_ROW = """
            UPDATE %s
            SET locked = false, lockgranted = NULL, lockedby = NULL
            WHERE locked AND lockedby LIKE ?
            """;

    private SchemaLock() {}

    /** A session that holds the lock. */
    private record Holder(int pid, String name, String host, long seconds) {
        String text() {
            return "'" + name + "' on " + host + " (process " + pid + " of PostgreSQL, connected for " + seconds
                    + " s)";
        }
    }

    /**
     * Takes the lock, which the database's session holds until it ends. Then frees Liquibase's row if a run has left it locked that was
     * killed while it held this lock.
     *
     * @param database the database, before Liquibase has done anything with it
     * @param longest how long to wait for another run
     * @param waiting is told who holds the lock, at once and then every 10 s
     * @throws LockException when another run holds the lock for longer, or when there is a pooler between Liquibase and PostgreSQL
     * @throws DatabaseException when the database cannot be asked
     */
    public static void take(Database database, Duration longest, Consumer<String> waiting)
            throws LockException, DatabaseException {
        if (!(database.getConnection() instanceof JdbcConnection open)) {
            return;
        }
        Connection connection = open.getUnderlyingConnection();
        try {
            requireDirect(connection);
            noticeDeath(database, connection);
            await(database, connection, longest, waiting);
            free(database, connection);
        } catch (SQLException e) {
            throw new DatabaseException("could not take the lock of the schema: " + e.getMessage(), e);
        }
    }

    /** Takes Liquibase's row, if nobody has it, and marks it as that of a run that holds this lock. */
    static boolean takeRow(Database database) throws SQLException {
        Connection connection = ((JdbcConnection) database.getConnection()).getUnderlyingConnection();
        return Jdbc.update(connection, TAKE_ROW.formatted(row(database)), "#" + HOST_DESCRIPTION + " ") == 1;
    }

    /** Gives the lock back, for a session that goes on. */
    static void release(Database database) throws LockException {
        try {
            if (database.getConnection() instanceof JdbcConnection open) {
                Jdbc.one(open.getUnderlyingConnection(), RELEASE, row -> row.getBoolean("released"), schema(database));
                database.commit();
            }
        } catch (SQLException | DatabaseException e) {
            throw new LockException("could not give back the lock of the schema: " + e.getMessage(), e);
        }
    }

    /**
     * Returns who holds the lock, for people; empty if nobody does.
     *
     * @param database the database
     * @throws DatabaseException when the database cannot be asked
     */
    public static Optional<String> holder(Database database) throws DatabaseException {
        try {
            return database.getConnection() instanceof JdbcConnection open
                    ? holder(open.getUnderlyingConnection(), schema(database))
                            .map(holder -> holder.text() + "; to end it, run SELECT pg_terminate_backend("
                                    + holder.pid() + ")")
                    : Optional.empty();
        } catch (SQLException e) {
            throw new DatabaseException("could not look at the lock of the schema: " + e.getMessage(), e);
        } finally {
            database.rollback();
        }
    }

    private static void noticeDeath(Database database, Connection connection) throws DatabaseException {
        try {
            Jdbc.run(connection, NOTICE_DEATH);
            database.commit();
        } catch (SQLException e) {
            // Not every operating system can tell. The lock is then released when the statement ends.
            database.rollback();
        }
    }

    private static void requireDirect(Connection connection) throws SQLException, LockException {
        if (!DirectSession.isDirect(connection)) {
            throw new LockException(
                    "there is a pooler between this program and PostgreSQL, which may run each transaction in"
                            + " another session, so no session can hold the lock of the schema; connect to PostgreSQL itself for schema"
                            + " changes");
        }
    }

    private static void await(Database database, Connection connection, Duration longest, Consumer<String> waiting)
            throws SQLException, LockException, DatabaseException {
        String schema = schema(database);
        long end = System.nanoTime() + longest.toNanos();
        long line = System.nanoTime();
        while (!Jdbc.one(connection, TAKE, row -> row.getBoolean("taken"), schema)) {
            String holder = holder(connection, schema).map(Holder::text).orElse("another session");
            // An open transaction would be in the way of the other run's concurrent indexes.
            database.rollback();
            if (System.nanoTime() >= end) {
                throw new LockException(
                        "the schema is being changed by " + holder + "; waited " + longest.toSeconds() + " s");
            }
            if (System.nanoTime() >= line) {
                line += LINE.toNanos();
                waiting.accept("waiting: the schema is being changed by " + holder);
            }
            pause();
        }
        database.commit();
    }

    private static Optional<Holder> holder(Connection connection, String schema) throws SQLException {
        List<Holder> holders = Jdbc.list(
                connection,
                HOLDER,
                row -> new Holder(
                        row.getInt("pid"), row.getString("name"), row.getString("host"), row.getLong("seconds")),
                schema);
        return holders.stream().findFirst();
    }

    /** Whoever marked the row so held this lock too, and nobody does any more. */
    private static void free(Database database, Connection connection) throws SQLException, DatabaseException {
        String table = row(database);
        if (Jdbc.one(connection, ROW_EXISTS, row -> row.getBoolean("found"), table)) {
            Jdbc.update(connection, FREE_ROW.formatted(table), "%#" + HOST_DESCRIPTION + " %");
        }
        database.commit();
    }

    private static String row(Database database) {
        return database.escapeTableName(
                database.getLiquibaseCatalogName(),
                database.getLiquibaseSchemaName(),
                database.getDatabaseChangeLogLockTableName());
    }

    private static String schema(Database database) {
        return String.valueOf(database.getLiquibaseSchemaName());
    }

    private static void pause() throws LockException {
        try {
            TimeUnit.NANOSECONDS.sleep(LOOK.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LockException("interrupted while waiting for another run");
        }
    }
}
