package org.registrybbm.migrations.internal.lease;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.internal.catalog.KeyJson;
import org.registrybbm.migrations.internal.jdbc.AdvisoryKeys;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.sharing.BudgetQueries;
import org.registrybbm.migrations.internal.sharing.RowRate;
import org.registrybbm.migrations.internal.tables.JobQueries;
import org.registrybbm.migrations.internal.tables.MigrationQueries;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.Key;

/** Statements on a batch job's lease. After the claim each of them names the lease token, so a worker that lost it changes nothing. */
public final class LeaseQueries {
    // Claims are rare (one a batch) and short; taking them one after the other makes the budgets exact. Whoever has the
    // turn waits for nobody's lock.
    private static final String ONE_CLAIM_AT_A_TIME = """
            SELECT pg_advisory_xact_lock(%s);
            SET LOCAL lock_timeout = '100ms'
            """.formatted(AdvisoryKeys.of("claim a batch job", "0"));

    // Skips a row that is locked: its worker is committing a sub-batch or another one is claiming it right now.
    private static final String LOCK_FOR_CLAIM =
            JobQueries.WITH_HELD + "SELECT " + JobQueries.COLUMNS + ", " + MigrationQueries.COLUMNS + """
                , j.id IN (SELECT id FROM held) AS leased
            FROM batched_background_migration_jobs j
            JOIN batched_background_migrations m ON m.id = j.batched_background_migration_id
            WHERE j.id = ?
            FOR UPDATE OF j SKIP LOCKED
            """;

    private static final String EXISTS = """
            SELECT true AS found
            FROM batched_background_migration_jobs
            WHERE id = ?
            """;

    // When a second worker died in it, both may have died of its rows: the next one tries fewer.
    private static final String CLAIM = """
            UPDATE batched_background_migration_jobs j
            SET status = 1,
                handed_back_at = NULL,
                offered_at = NULL,
                attempts = j.attempts + 1,
                lease_token = nextval('batched_background_migration_lease_tokens'),
                lease_owner = ?,
                lease_until = clock_timestamp() + make_interval(secs => ?),
                lease_session = ?,
                takeover_count = j.takeover_count + CASE WHEN j.lease_token IS NULL THEN 0 ELSE 1 END,
                sub_batch_size = CASE
                    WHEN j.lease_token IS NOT NULL AND j.takeover_count > 0 THEN greatest(1, j.sub_batch_size / 32)
                    ELSE coalesce(j.sub_batch_size, ?)
                END,
                covered_tuple_count = coalesce(j.covered_tuple_count, 0),
                migrated_tuple_count = coalesce(j.migrated_tuple_count, 0),
                busy_ms = coalesce(j.busy_ms, 0),
                started_at = now(),
                finished_at = NULL,
                updated_at = now()
            WHERE j.id = ?
            RETURNING j.lease_token,
            """ + JobQueries.COLUMNS;

    // The fence. In the order of its unique index, the quarantine is asked for one row, and not read from its start.
    // FOR UPDATE makes a taker wait for this transaction, and this one fail when it was taken over before.
    private static final String FENCE =
            "SELECT pg_current_xact_id()::text AS xid, " + JobQueries.COLUMNS + ", " + MigrationQueries.COLUMNS + """
                , (
                    SELECT true
                    FROM batched_background_migration_quarantined_rows q
                    WHERE q.batched_background_migration_id = m.id
                    ORDER BY q.table_oid, q.row_key
                    LIMIT 1
                ) IS NOT NULL AS quarantined,
                limits.fleet_rate, limits.migration_rate,
            """
                    + BudgetQueries.MAYBE_SURPLUS + """
            FROM batched_background_migration_jobs j
            JOIN batched_background_migrations m ON m.id = j.batched_background_migration_id
            """ + BudgetQueries.LIMITS + BudgetQueries.OLDER + """
            WHERE j.id = ?
                AND j.lease_token = ?
                AND j.status = 1
            FOR UPDATE OF j
            """;

    // Attempts count tries without progress: one that committed a sub-batch starts the count anew. The fence's row
    // lock shows in xmax: it is gone when the work function ended the transaction behind our back.
    private static final String ADVANCE = """
            UPDATE batched_background_migration_jobs j
            SET last_key = ?::jsonb,
                covered_tuple_count = j.covered_tuple_count + ?,
                migrated_tuple_count = j.migrated_tuple_count + ?,
                pending_tuple_count = nullif(coalesce(j.pending_tuple_count, 0) + ?, 0),
                busy_ms = j.busy_ms + ?,
                sub_batch_size = ?,
                attempts = 1,
                lock_waits = 0,
                blocked_since = NULL,
                blocked_by = NULL,
                lease_until = clock_timestamp() + make_interval(secs => ?),
                lease_session = ?,
                updated_at = clock_timestamp()
            WHERE j.id = ?
                AND j.lease_token = ?
                AND j.status = 1
                AND pg_current_xact_id() = ?::xid8
            RETURNING
            """ + JobQueries.COLUMNS;

    private static final String FINISH = """
            UPDATE batched_background_migration_jobs j
            SET status = 2, -- finished
                lease_token = NULL,
                lease_until = NULL,
                failure_error_code = NULL,
                failure_class = NULL,
                failure_sqlstate = NULL,
                failure_message = NULL,
                retry_at = NULL,
                lock_waits = 0,
                blocked_since = NULL,
                blocked_by = NULL,
                finished_at = clock_timestamp(),
                updated_at = clock_timestamp()
            WHERE j.id = ?
                AND j.lease_token = ?
                AND j.status = 1
            RETURNING
            """ + JobQueries.COLUMNS;

    // Its rest is nobody's range any more: should it come back, it is found as a gap.
    private static final String FORGET = """
            DELETE FROM batched_background_migration_jobs
            WHERE id = ?
                AND lease_token = ?
                AND status = 1
                AND last_key IS NULL
            """;

    private static final String CUT_SHORT = """
            UPDATE batched_background_migration_jobs
            SET max_value = coalesce(?::bigint, max_value),
                through_key = CASE WHEN ?::bigint IS NULL THEN coalesce(?::jsonb, through_key) END
            WHERE id = ?
                AND lease_token = ?
                AND status = 1
            """;

    private static final String RENEW = """
            UPDATE batched_background_migration_jobs
            SET lease_until = clock_timestamp() + make_interval(secs => ?),
                lease_session = ?,
                sub_batch_size = ?
            WHERE id = ?
                AND lease_token = ?
                AND status = 1
            """;

    private static final String HAND_BACK = """
            UPDATE batched_background_migration_jobs
            SET attempts = greatest(attempts - 1, 0),
                lease_token = NULL,
                lease_until = NULL,
                updated_at = now()
            WHERE id = ?
                AND lease_token = ?
                AND status = 1
            """;

    // At a shutdown, in the status in which the container registry's own software would run it too.
    private static final String HAND_OVER = """
            UPDATE batched_background_migration_jobs j
            SET status = CASE WHEN %1$s THEN 3 ELSE 1 END,
                handed_back_at = CASE WHEN %1$s THEN clock_timestamp() END,
                attempts = greatest(j.attempts - 1, 0),
                lease_token = NULL,
                lease_until = NULL,
                failure_error_code = NULL,
                failure_class = NULL,
                failure_sqlstate = NULL,
                failure_message = NULL,
                retry_at = NULL,
                updated_at = now()
            FROM batched_background_migrations m
            WHERE m.id = j.batched_background_migration_id
                AND j.id = ?
                AND j.lease_token = ?
                AND j.status = 1
            """.formatted(JobQueries.RANGE_OF_NUMBERS);

    private static final String FAIL = """
            UPDATE batched_background_migration_jobs
            SET status = 3, -- failed
                failure_error_code = ?,
                failure_class = ?,
                failure_sqlstate = ?,
                failure_message = ?,
                sub_batch_size = ?,
                retry_at = clock_timestamp() + make_interval(secs => ?),
                lease_token = NULL,
                lease_until = NULL,
                updated_at = now()
            WHERE id = ?
                AND lease_token = ?
                AND status = 1
            RETURNING attempts
            """;

    // How far a proof is read. Attempts stay: where it begins anew, it has made no progress.
    private static final String PROVE = """
            UPDATE batched_background_migration_jobs
            SET last_key = to_jsonb(?::bigint),
                busy_ms = busy_ms + ?,
                lock_waits = 0,
                blocked_since = NULL,
                blocked_by = NULL,
                lease_until = clock_timestamp() + make_interval(secs => ?),
                lease_session = ?,
                updated_at = clock_timestamp()
            WHERE id = ?
                AND lease_token = ?
                AND status = 1
            """;

    private LeaseQueries() {}

    /** A locked batch job and what a claim depends on. */
    public record Claimable(BatchJob job, BatchedMigration migration, boolean leased) {}

    /**
     * A batch job, its migration and its budgets, read under the fence.
     *
     * @param quarantined whether any row of the migration is or was in quarantine
     * @param maybeSurplus whether it may be one batch job too many
     */
    public record Fenced(
            BatchJob job,
            BatchedMigration migration,
            String xid,
            boolean quarantined,
            RowRate rate,
            boolean maybeSurplus) {}

    /** How long a lease lasts by time alone, and the session whose end ends it sooner, null when there is none. */
    public record Term(Duration length, @Nullable Long session) {}

    /** A granted claim. */
    public record Claimed(BatchJob job, long token) {}

    /** What a sub-batch adds to its batch job. */
    public record Advance(
            @Nullable Key lastKey, long covered, long migrated, long pending, Duration busy, int subBatchSize) {}

    public static Optional<Claimable> lockForClaim(Connection connection, long jobId) throws SQLException {
        Jdbc.run(connection, ONE_CLAIM_AT_A_TIME);
        return Jdbc.first(
                connection,
                LOCK_FOR_CLAIM,
                row -> new Claimable(JobQueries.job(row), MigrationQueries.migration(row), row.getBoolean("leased")),
                jobId);
    }

    public static boolean exists(Connection connection, long jobId) throws SQLException {
        return Jdbc.first(connection, EXISTS, row -> true, jobId).isPresent();
    }

    public static Claimed claim(Connection connection, long jobId, String owner, Term term, int firstSubBatchSize)
            throws SQLException {
        return Jdbc.one(
                connection,
                CLAIM,
                row -> new Claimed(JobQueries.job(row), row.getLong("lease_token")),
                owner,
                seconds(term.length()),
                term.session(),
                firstSubBatchSize,
                jobId);
    }

    static Optional<Fenced> fence(Connection tx, Lease lease) throws SQLException {
        return Jdbc.first(tx, FENCE, LeaseQueries::fenced, lease.jobId(), lease.token());
    }

    /** Moves the cursor and extends the lease; empty when the transaction is not the fence's any more. */
    public static Optional<BatchJob> advance(Connection tx, Lease lease, String xid, Advance by) throws SQLException {
        Term term = lease.term();
        return Jdbc.first(
                tx,
                ADVANCE,
                JobQueries::job,
                KeyJson.write(by.lastKey()),
                by.covered(),
                by.migrated(),
                by.pending(),
                by.busy().toMillis(),
                by.subBatchSize(),
                seconds(term.length()),
                term.session(),
                lease.jobId(),
                lease.token(),
                xid);
    }

    /**
     * Says how far a proof is read and extends its lease; false when the lease is lost.
     *
     * @param blocks how many blocks are read
     */
    public static boolean prove(Connection tx, Lease lease, long blocks, Duration busy) throws SQLException {
        Term term = lease.term();
        return Jdbc.update(
                        tx,
                        PROVE,
                        blocks,
                        busy.toMillis(),
                        seconds(term.length()),
                        term.session(),
                        lease.jobId(),
                        lease.token())
                == 1;
    }

    /** Finishes the batch job; empty when the lease is lost. */
    public static Optional<BatchJob> finish(Connection tx, Lease lease) throws SQLException {
        return Jdbc.first(tx, FINISH, JobQueries::job, lease.jobId(), lease.token());
    }

    /** Deletes the batch job, which has not begun; false when the lease is lost. */
    public static boolean forget(Connection tx, Lease lease) throws SQLException {
        return Jdbc.update(tx, FORGET, lease.jobId(), lease.token()) == 1;
    }

    /** Ends a batch job's range earlier; null leaves a bound as it is. False when the lease is lost. */
    public static boolean cutShort(Connection tx, Lease lease, @Nullable Long max, @Nullable Key through)
            throws SQLException {
        return Jdbc.update(tx, CUT_SHORT, max, max, KeyJson.write(through), lease.jobId(), lease.token()) == 1;
    }

    /** Gives the rest of the batch job back, without an attempt counted; false when the lease is lost. */
    public static boolean handBack(Connection tx, Lease lease) throws SQLException {
        return Jdbc.update(tx, HAND_BACK, lease.jobId(), lease.token()) == 1;
    }

    /** Hands a batch job back so that the container registry's own software would run it too, where that knows its kind. */
    static boolean handOver(Connection tx, Lease lease) throws SQLException {
        return Jdbc.update(tx, HAND_OVER, lease.jobId(), lease.token()) == 1;
    }

    /** Extends the lease; false when it is lost. */
    static boolean renew(Connection tx, Lease lease, int subBatchSize) throws SQLException {
        Term term = lease.term();
        return Jdbc.update(
                        tx, RENEW, seconds(term.length()), term.session(), subBatchSize, lease.jobId(), lease.token())
                == 1;
    }

    /** Records a failed try and returns how many there were without progress, or empty when the lease is lost. */
    static Optional<Integer> fail(Connection tx, Lease lease, Failure failure, int subBatchSize, Duration retryAfter)
            throws SQLException {
        return Jdbc.first(
                tx,
                FAIL,
                row -> row.getInt("attempts"),
                failure.code().code(),
                failure.errorClass(),
                failure.sqlState(),
                failure.message(),
                subBatchSize,
                seconds(retryAfter),
                lease.jobId(),
                lease.token());
    }

    private static Fenced fenced(ResultSet row) throws SQLException {
        return new Fenced(
                JobQueries.job(row),
                MigrationQueries.migration(row),
                row.getString("xid"),
                row.getBoolean("quarantined"),
                RowRate.of(row),
                row.getBoolean("maybe_surplus"));
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1000.0;
    }
}
