package org.registrybbm.migrations.internal.sharing;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.tables.JobQueries;
import org.registrybbm.migrations.model.DueJob;

/** Statements on offers, by which a replica takes a due batch job to start it. */
public final class OfferQueries {
    /** How long an offer lasts. After that, any other replica may take the batch job. */
    public static final Duration LAST = Duration.ofSeconds(3);

    // A row that is locked is being taken by another replica right now, or somebody works on it. A time that lies in
    // the future was written by the clock of another server and is ignored.
    private static final String TAKE = """
            WITH free AS MATERIALIZED (
                SELECT j.id
                FROM unnest(?::bigint[], ?::bigint[]) WITH ORDINALITY AS due (id, lease_token, place)
                JOIN batched_background_migration_jobs j ON j.id = due.id
                WHERE %s
                    AND j.lease_token IS NOT DISTINCT FROM due.lease_token
                    AND (j.offered_at IS NULL
                        OR j.offered_at
                            NOT BETWEEN clock_timestamp() - make_interval(secs => ?) AND clock_timestamp())
                ORDER BY due.place
                LIMIT ?
                FOR NO KEY UPDATE OF j SKIP LOCKED
            )
            UPDATE batched_background_migration_jobs j
            SET offered_at = clock_timestamp()
            FROM free
            WHERE j.id = free.id
            RETURNING j.id
            """.formatted(JobQueries.ACTIVE);

    private static final String WITHDRAW = """
            WITH taken AS MATERIALIZED (
                SELECT id
                FROM batched_background_migration_jobs
                WHERE id = ANY (?::bigint[])
                    AND offered_at IS NOT NULL
                FOR NO KEY UPDATE SKIP LOCKED
            )
            UPDATE batched_background_migration_jobs j
            SET offered_at = NULL
            FROM taken
            WHERE j.id = taken.id
            """;

    private OfferQueries() {}

    /** Takes due batch jobs, and returns the ids of those that were taken. */
    public static List<Long> take(Connection connection, List<DueJob> due, int most, Duration last)
            throws SQLException {
        return Jdbc.list(
                connection,
                TAKE,
                row -> row.getLong("id"),
                due.stream().map(DueJob::jobId).toArray(Long[]::new),
                due.stream().map(DueJob::deadToken).toArray(Long[]::new),
                last.toMillis() / 1000.0,
                most);
    }

    /** Withdraws the offers of batch jobs, and returns how many there were. */
    public static long withdraw(Connection connection, Collection<Long> jobIds) throws SQLException {
        return Jdbc.update(connection, WITHDRAW, (Object) jobIds.toArray(Long[]::new));
    }
}
