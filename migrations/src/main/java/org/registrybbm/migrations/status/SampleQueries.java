package org.registrybbm.migrations.status;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
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

    // The newest ones of each migration, whenever they were: so much of its time at work.
    private static final String NEWEST = """
            SELECT m.id, s.at, s.covered_tuple_count, s.migrated_tuple_count
            FROM unnest(?::bigint[]) AS m (id)
            CROSS JOIN LATERAL (
                SELECT at, covered_tuple_count, migrated_tuple_count
                FROM batched_background_migration_samples
                WHERE batched_background_migration_id = m.id
                ORDER BY slot DESC
                LIMIT ?
            ) AS s
            ORDER BY m.id, s.at
            """;

    private static final String SINCE = """
            SELECT at, covered_tuple_count, migrated_tuple_count
            FROM batched_background_migration_samples
            WHERE batched_background_migration_id = ?
                AND slot >= floor(extract(epoch FROM ?::timestamptz) / 10)
            ORDER BY slot
            LIMIT 10000
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

    private record OfMigration(long id, Sample sample) {}

    /** Returns the newest samples of some migrations, by their ids; oldest first. */
    static Map<Long, List<Sample>> newest(Connection connection, Collection<Long> ids, int most) throws SQLException {
        if (ids.isEmpty()) {
            return Map.of();
        }
        return Jdbc.list(
                        connection,
                        NEWEST,
                        row -> new OfMigration(row.getLong("id"), sample(row)),
                        connection.createArrayOf("bigint", ids.toArray()),
                        most)
                .stream()
                .collect(Collectors.groupingBy(
                        OfMigration::id, Collectors.mapping(OfMigration::sample, Collectors.toList())));
    }

    /** Returns the samples of a migration from a time on, the oldest first. */
    static List<Sample> since(Connection connection, long id, Instant from) throws SQLException {
        return Jdbc.list(connection, SINCE, SampleQueries::sample, id, from.atOffset(ZoneOffset.UTC));
    }

    private static Sample sample(ResultSet row) throws SQLException {
        return new Sample(
                row.getObject("at", OffsetDateTime.class).toInstant(),
                row.getLong("covered_tuple_count"),
                row.getLong("migrated_tuple_count"));
    }
}
