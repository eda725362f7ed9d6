package org.registrybbm.migrations.status;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/** Statements that record how far migrations are, and read how fast they were. */
final class SampleQueries {
    private static final String LIMITS = """
            SET LOCAL lock_timeout = '100ms';
            SET LOCAL statement_timeout = '2s';
            SET LOCAL synchronous_commit = off
            """;

    private static final String TAKE = """
            SELECT sample_batched_background_migrations()
            """;

    // Two samples follow each other if a replica was at work in all the time between them, so a longer pause than that
    // of
    // two slots is none of the migration's time. 91 samples have 90 steps, of a quarter of an hour.
    private static final String STEPS = """
            SELECT m.id, step.seconds, step.rows
            FROM unnest(?::bigint[]) AS m (id)
            CROSS JOIN LATERAL (
                SELECT extract(epoch FROM s.at - lag(s.at) OVER by_time) AS seconds,
                    s.covered_tuple_count - lag(s.covered_tuple_count) OVER by_time AS rows
                FROM (
                    SELECT at, slot, covered_tuple_count
                    FROM batched_background_migration_samples
                    WHERE batched_background_migration_id = m.id
                    ORDER BY slot DESC
                    LIMIT 91
                ) AS s
                WINDOW by_time AS (ORDER BY s.slot)
            ) AS step
            WHERE step.seconds > 0
                AND step.seconds < 25
                AND step.rows >= 0
            """;

    private SampleQueries() {}

    /** Takes a sample in a transaction of its own. A sample that is lost is no loss, so nothing is waited for. */
    static void take(Connection connection) throws SQLException {
        Jdbc.inTransaction(connection, tx -> {
            Jdbc.run(tx, LIMITS);
            return Jdbc.list(tx, TAKE, row -> true);
        });
    }

    private record Row(long id, Pace.Step step) {}

    /** Returns the steps of the last quarter of an hour at work of some migrations, by their ids. */
    static Map<Long, List<Pace.Step>> steps(Connection connection, Collection<Long> ids) throws SQLException {
        if (ids.isEmpty()) {
            return new HashMap<>();
        }
        return Jdbc.list(
                        connection,
                        STEPS,
                        row -> new Row(row.getLong("id"), new Pace.Step(row.getDouble("seconds"), row.getLong("rows"))),
                        connection.createArrayOf("bigint", ids.toArray()))
                .stream()
                .collect(Collectors.groupingBy(Row::id, Collectors.mapping(Row::step, Collectors.toList())));
    }
}
