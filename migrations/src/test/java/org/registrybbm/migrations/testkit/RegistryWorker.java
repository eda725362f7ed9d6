package org.registrybbm.migrations.testkit;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.registrybbm.testkit.postgres.TestDatabase;

/**
 * What the container registry's own software does with batched migrations over ranges, by its documented rules: one batch job at a time,
 * under its advisory lock, over the table that the migration names.
 *
 * @param work what its work function sets in the rows of a range
 */
public record RegistryWorker(TestDatabase database, String work) {
    private static final int MOST_ATTEMPTS = 5;

    private enum Turn {
        KEPT_OUT,
        NOTHING_TO_DO,
        WORKED
    }

    /** Works like its server until it finds nothing to do or is kept out, and returns whether it took the lock. */
    public boolean work(int mostTurns) {
        for (int turn = 0; turn < mostTurns; turn++) {
            Turn taken = inTransaction(connection -> {
                if (!text(connection, "SELECT pg_try_advisory_xact_lock(1)").equals("t")) {
                    return Turn.KEPT_OUT;
                }
                return turn(connection) ? Turn.WORKED : Turn.NOTHING_TO_DO;
            });
            if (taken != Turn.WORKED) {
                return taken == Turn.NOTHING_TO_DO;
            }
        }
        return true;
    }

    /** Works like its command {@code background-migrate run}, which starts everything that is paused before. */
    public void run() {
        database.execute("UPDATE batched_background_migrations SET status = 1 WHERE status = 0");
        for (boolean more = true; more; ) {
            more = inTransaction(connection -> {
                text(connection, "SELECT pg_advisory_xact_lock(1)");
                return runOne(connection);
            });
        }
    }

    private boolean turn(Connection connection) throws SQLException {
        List<String> found = next(connection, "1, 4");
        if (found.isEmpty()) {
            return false;
        }
        Migration migration = migration(connection, found.get(0));
        if (migration.status == 1) {
            set(connection, migration, "status = 4, started_at = now()");
        }
        boolean allRanOnce =
                !column(connection, """
                SELECT id FROM batched_background_migration_jobs
                WHERE batched_background_migration_id = %d AND max_value = %d LIMIT 1
                """.formatted(migration.id, migration.max)).isEmpty();
        if (!allRanOnce) {
            long job = create(connection, migration);
            return job >= 0 && execute(connection, migration, job);
        }
        List<String> failed = failedJobs(connection, migration);
        if (failed.isEmpty()) {
            set(connection, migration, "status = 2, failure_error_code = NULL, finished_at = now()");
            return true;
        }
        return execute(connection, migration, Long.parseLong(failed.get(0)));
    }

    private boolean runOne(Connection connection) throws SQLException {
        List<String> failing = next(connection, "3");
        if (!failing.isEmpty()) {
            Migration migration = migration(connection, failing.get(0));
            List<String> failed = failedJobs(connection, migration);
            if (failed.isEmpty()) {
                set(connection, migration, "status = 4, failure_error_code = NULL");
                return true;
            }
            return execute(connection, migration, Long.parseLong(failed.get(0)));
        }
        List<String> found = next(connection, "1, 4");
        if (found.isEmpty()) {
            return false;
        }
        Migration migration = migration(connection, found.get(0));
        List<String> failed = failedJobs(connection, migration);
        long job = failed.isEmpty() ? create(connection, migration) : Long.parseLong(failed.get(0));
        if (job < 0) {
            set(connection, migration, "status = 2, failure_error_code = NULL, finished_at = now()");
            return true;
        }
        if (migration.status == 1) {
            set(connection, migration, "status = 4, started_at = now()");
        }
        return execute(connection, migration, job);
    }

    private static List<String> next(Connection connection, String statuses) throws SQLException {
        return column(connection, """
                SELECT id FROM batched_background_migrations
                WHERE status IN (%s) ORDER BY status <> 4, id LIMIT 1
                """.formatted(statuses));
    }

    private static List<String> failedJobs(Connection connection, Migration migration) throws SQLException {
        return column(connection, """
                SELECT id FROM batched_background_migration_jobs
                WHERE batched_background_migration_id = %d AND status = 3 ORDER BY id LIMIT 1
                """.formatted(migration.id));
    }

    /** Makes the batch job behind the one that was made last; -1 where that ends at or beyond the maximum. */
    private static long create(Connection connection, Migration migration) throws SQLException {
        List<String> last = column(connection, """
                SELECT max_value FROM batched_background_migration_jobs
                WHERE batched_background_migration_id = %d ORDER BY id DESC LIMIT 1
                """.formatted(migration.id));
        long start = last.isEmpty() ? migration.min : Long.parseLong(last.get(0)) + 1;
        if (!last.isEmpty() && start > migration.max) {
            return -1;
        }
        long end = migration.max;
        if (start + migration.size < migration.max) {
            List<String> nth = column(
                    connection,
                    "SELECT %1$s FROM %2$s WHERE %1$s >= %3$d AND %1$s <= %4$d ORDER BY %1$s LIMIT 1 OFFSET %5$d - 1"
                            .formatted(migration.column, migration.table, start, migration.max, migration.size));
            end = nth.isEmpty() ? migration.max : Long.parseLong(nth.get(0));
        }
        return Long.parseLong(text(connection, """
                INSERT INTO batched_background_migration_jobs
                    (batched_background_migration_id, min_value, max_value, started_at)
                VALUES (%d, %d, %d, now()) RETURNING id
                """.formatted(migration.id, start, end)));
    }

    private boolean execute(Connection connection, Migration migration, long job) throws SQLException {
        if (Integer.parseInt(
                        text(connection, "SELECT attempts FROM batched_background_migration_jobs WHERE id = " + job))
                >= MOST_ATTEMPTS) {
            set(connection, migration, "status = 3, failure_error_code = 4");
            return true;
        }
        update(connection, """
                UPDATE %s SET %s WHERE %s BETWEEN
                    (SELECT min_value FROM batched_background_migration_jobs WHERE id = %d)
                    AND (SELECT max_value FROM batched_background_migration_jobs WHERE id = %d)
                """.formatted(migration.table, work, migration.column, job, job));
        update(connection, """
                UPDATE batched_background_migration_jobs
                SET attempts = attempts + 1, status = 2, updated_at = now(), finished_at = now() WHERE id = %d
                """.formatted(job));
        return true;
    }

    private record Migration(long id, long min, long max, long size, int status, String table, String column) {}

    private static Migration migration(Connection connection, String id) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery("SELECT * FROM batched_background_migrations WHERE id = " + id)) {
            row.next();
            return new Migration(
                    row.getLong("id"),
                    row.getLong("min_value"),
                    row.getLong("max_value"),
                    row.getLong("batch_size"),
                    row.getInt("status"),
                    row.getString("table_name"),
                    row.getString("column_name"));
        }
    }

    private static void set(Connection connection, Migration migration, String what) throws SQLException {
        update(
                connection,
                "UPDATE batched_background_migrations SET " + what + ", updated_at = now() WHERE id = " + migration.id);
    }

    private static void update(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String text(Connection connection, String sql) throws SQLException {
        return column(connection, sql).get(0);
    }

    private static List<String> column(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<String> values = new ArrayList<>();
            while (rows.next()) {
                values.add(String.valueOf(rows.getString(1)));
            }
            return values;
        }
    }

    private interface Transaction<T> {
        T run(Connection connection) throws SQLException;
    }

    private <T> T inTransaction(Transaction<T> transaction) {
        try (Connection connection = database.getConnection()) {
            connection.setAutoCommit(false);
            T result = transaction.run(connection);
            connection.commit();
            return result;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
