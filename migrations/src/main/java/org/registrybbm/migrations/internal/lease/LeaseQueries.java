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
import org.registrybbm.migrations.internal.tables.LockWaitQueries;
import org.registrybbm.migrations.internal.tables.MigrationQueries;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.Key;

/**
 * Statements on the lease of a batch job. After the claim each of them names the lease token, so a worker that has lost the lease changes
 * nothing.
 */
public final class LeaseQueries {
    // Claims are made one after the other, because the budgets are exact only then. That is cheap: a claim is short,
    // and there is one for each batch job. Whoever has the turn waits for other locks for 100 ms at most.
    private static final String ONE_CLAIM_AT_A_TIME = """
            SELECT pg_advisory_xact_lock(%s);
            SET LOCAL lock_timeout = '100ms'
            """.formatted(AdvisoryKeys.of("claim a batch job", "0"));

    // A locked row is skipped: its worker is inside a sub-batch, or another worker is claiming it right now.
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

    // If a second worker died in the batch job, its rows may have killed both, so the next worker tries fewer rows at a
    // time.
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

    // FOR UPDATE keeps others from claiming the batch job until this transaction ends. If another worker has claimed it
    // before, no row has the token any more. The ORDER BY makes PostgreSQL look the quarantine up in its unique index
    // instead of reading it from its start.
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

    // Attempts count tries without progress, so a committed sub-batch starts the count anew. The transaction id shows
    // whether this is still the transaction of the fence: a work function may have ended that one, and with it the lock
    // of the row.
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
            """ + JobQueries.COLUMNS + ", " + LockWaitQueries.IS_AWAITED + " AS awaited";

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

    // The range then belongs to no batch job. If its table comes back, the range is found as a gap.
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

    // A batch job of a kind that the container registry's own software knows gets the status in which that software
    // would run it too.
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

    // The cursor of a proof is the number of blocks that it has read. The attempts are not reset, because the next run
    // begins a new proof, so reading a part is no progress.
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

    /**
     * A locked batch job, and the facts on which its claim depends.
     *
     * @param leased whether another worker holds it
     */
    public record Claimable(BatchJob job, BatchedMigration migration, boolean leased) {}

    /**
     * A batch job, its migration and its budgets, as the fence has read them.
     *
     * @param xid the id of the transaction that holds the fence, as text
     * @param quarantined whether any row of the migration is or was in quarantine
     * @param maybeSurplus whether the batch job may exceed a budget; {@link BudgetQueries#isSurplus} tells for certain
     */
    public record Fenced(
            BatchJob job,
            BatchedMigration migration,
            String xid,
            boolean quarantined,
            RowRate rate,
            boolean maybeSurplus) {}

    /**
     * How long a lease lasts.
     *
     * @param length the longest time, by the clock
     * @param session the key of the replica's session, whose end also ends the lease; null if the replica has none
     */
    public record Term(Duration length, @Nullable Long session) {}

    /** A claim that was granted, and the token of its lease. */
    public record Claimed(BatchJob job, long token) {}

    /**
     * What a sub-batch writes into its batch job.
     *
     * @param lastKey the new cursor; null if the strategy has none
     * @param covered rows to add to those that were looked at
     * @param migrated rows to add to those that were changed
     * @param pending rows to add to those that are still pending after another change
     * @param busy time to add
     * @param subBatchSize the size of the sub-batch
     */
    public record Advance(
            @Nullable Key lastKey, long covered, long migrated, long pending, Duration busy, int subBatchSize) {}

    /**
     * A batch job whose cursor was moved.
     *
     * @param awaited whether another session waits for a row that this transaction has locked or changed
     */
    public record Advanced(BatchJob job, boolean awaited) {}

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

    /** Moves the cursor and extends the lease; empty if this is not the fence's transaction any more, or if the row was changed. */
    public static Optional<Advanced> advance(Connection tx, Lease lease, String xid, Advance by) throws SQLException {
        Term term = lease.term();
        return Jdbc.first(
                tx,
                ADVANCE,
                row -> new Advanced(JobQueries.job(row), row.getBoolean("awaited")),
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
     * Records how far a proof has read, and extends its lease; returns false if the lease is lost.
     *
     * @param blocks how many blocks it has read
     * @param busy time to add
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

    /** Finishes the batch job and returns it; empty if the lease is lost. */
    public static Optional<BatchJob> finish(Connection tx, Lease lease) throws SQLException {
        return Jdbc.first(tx, FINISH, JobQueries::job, lease.jobId(), lease.token());
    }

    /** Deletes the batch job, which must not have a cursor yet; returns false if it has one or if the lease is lost. */
    public static boolean forget(Connection tx, Lease lease) throws SQLException {
        return Jdbc.update(tx, FORGET, lease.jobId(), lease.token()) == 1;
    }

    /**
     * Ends the range of a batch job earlier: at a number, or else at a key. One of the two is null. A number also clears a key that is
     * stored as the end.
     *
     * @return false if the lease is lost
     */
    public static boolean cutShort(Connection tx, Lease lease, @Nullable Long max, @Nullable Key through)
            throws SQLException {
        return Jdbc.update(tx, CUT_SHORT, max, max, KeyJson.write(through), lease.jobId(), lease.token()) == 1;
    }

    /** Hands the rest of the batch job back without counting an attempt; returns false if the lease is lost. */
    public static boolean handBack(Connection tx, Lease lease) throws SQLException {
        return Jdbc.update(tx, HAND_BACK, lease.jobId(), lease.token()) == 1;
    }

    /**
     * Hands the batch job back without counting an attempt, and so that the container registry's own software would run it too, if that
     * software knows ranges of its kind; returns false if the lease is lost.
     */
    static boolean handOver(Connection tx, Lease lease) throws SQLException {
        return Jdbc.update(tx, HAND_OVER, lease.jobId(), lease.token()) == 1;
    }

    /** Extends the lease; returns false if it is lost. */
    static boolean renew(Connection tx, Lease lease, int subBatchSize) throws SQLException {
        Term term = lease.term();
        return Jdbc.update(
                        tx, RENEW, seconds(term.length()), term.session(), subBatchSize, lease.jobId(), lease.token())
                == 1;
    }

    /** Records a failed try and returns how many tries in a row made no progress; empty if the lease is lost. */
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
