package org.registrybbm.migrations.internal.lease;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.TransactionSettings;
import org.registrybbm.migrations.internal.sharing.BudgetQueries;
import org.registrybbm.migrations.internal.sizing.Sizing;
import org.registrybbm.migrations.internal.tables.EventQueries;
import org.registrybbm.migrations.internal.tables.MigrationQueries;
import org.registrybbm.migrations.internal.tables.RequestedChange;
import org.registrybbm.migrations.internal.walk.ResolvedMigration;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchOutcome.Reason;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.JobStatus;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.settings.EngineSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Grants leases. A claim is one short transaction that is durable before any work starts. So the attempt is counted even if the batch kills
 * its worker.
 */
public record Claims(DataSource dataSource, EngineSettings settings, Replica replica) {
    private static final Logger LOGGER = LoggerFactory.getLogger(Claims.class);

    /** The answer to a claim. */
    public sealed interface Claim {}

    /**
     * The lease is granted to this worker.
     *
     * @param takenFrom the replica whose worker held the lease and gives no sign of life; null if there was none
     */
    public record Granted(
            BatchJob job,
            BatchedMigration migration,
            long token,
            @Nullable String takenFrom) implements Claim {
        public boolean takeover() {
            return takenFrom != null;
        }
    }

    /** The batch job belongs to another worker, is not due, or would exceed a budget. */
    public record Refused(Reason reason) implements Claim {}

    /** Claims a batch job. */
    public Claim claim(long jobId) throws SQLException {
        Claim claim = Jdbc.inTransaction(dataSource, connection -> claim(connection, jobId));
        if (claim instanceof Granted granted && granted.takeover()) {
            recordTakeover(granted);
        }
        if (claim instanceof Granted granted && granted.migration().status() == MigrationStatus.ACTIVE) {
            startRunning(granted.migration());
            return new Granted(
                    granted.job(),
                    granted.migration().withStatus(MigrationStatus.RUNNING),
                    granted.token(),
                    granted.takenFrom());
        }
        return claim;
    }

    /**
     * Records a takeover. This is done outside the claim, because the event's foreign key makes it wait for whoever has locked the
     * migration's row.
     */
    private void recordTakeover(Granted granted) {
        EventQueries.Event event =
                new EventQueries.Event("taken_over", "its worker on " + granted.takenFrom() + " gave no sign of life");
        try {
            Jdbc.inTransaction(dataSource, connection -> {
                Jdbc.run(connection, TransactionSettings.AT_ONCE);
                EventQueries.record(
                        connection, granted.migration().id(), granted.job().id(), replica.name(), event);
                return true;
            });
        } catch (SQLException e) {
            LOGGER.info(
                    "batch job {} of '{}' was taken over: {}; the event could not be recorded: {}",
                    granted.job().id(),
                    granted.migration().name(),
                    event.reason(),
                    e.getMessage());
        }
    }

    /**
     * Sets a migration to running. This is done outside the claim, because an open transaction on the migration's row must not hold up all
     * claims.
     */
    private void startRunning(BatchedMigration migration) {
        try {
            Jdbc.inTransaction(dataSource, connection -> {
                Jdbc.run(connection, TransactionSettings.AT_ONCE);
                boolean started = MigrationQueries.startRunning(connection, migration.id());
                // A commit that waits for a synchronous standby would keep the migration's row locked against whoever
                // wants to pause it.
                return RequestedChange.commit(connection) && started;
            });
        } catch (SQLException e) {
            LOGGER.info(
                    "'{}' is running, but its status could not be set to running yet: {}",
                    migration.name(),
                    e.getMessage());
        }
    }

    private Claim claim(Connection connection, long jobId) throws SQLException {
        Jdbc.run(connection, TransactionSettings.SHORT_TRANSACTION);
        Optional<LeaseQueries.Claimable> locked = LeaseQueries.lockForClaim(connection, jobId);
        if (locked.isEmpty()) {
            return new Refused(LeaseQueries.exists(connection, jobId) ? Reason.LEASED : Reason.GONE);
        }
        Optional<Reason> refusal = refusal(connection, locked.get());
        if (refusal.isPresent()) {
            return new Refused(refusal.get());
        }
        BatchedMigration migration = locked.get().migration();
        LeaseQueries.Term term = new LeaseQueries.Term(
                settings.timeouts().lease(), replica.session().get());
        LeaseQueries.Claimed claimed =
                LeaseQueries.claim(connection, jobId, replica.name(), term, firstSubBatch(migration));
        boolean takeover = claimed.job().takeovers() > locked.get().job().takeovers();
        String takenFrom = takeover ? String.valueOf(locked.get().job().leaseOwner()) : null;
        return new Granted(claimed.job(), migration, claimed.token(), takenFrom);
    }

    private Optional<Reason> refusal(Connection connection, LeaseQueries.Claimable claimable) throws SQLException {
        BatchJob job = claimable.job();
        if (!replica.gate().isOpen(connection)) {
            return Optional.of(Reason.REGISTRY_AT_WORK);
        }
        if (!claimable.migration().status().isRunnable()) {
            return Optional.of(Reason.MIGRATION_STOPPED);
        }
        if (job.status() != JobStatus.ACTIVE || job.attempts() >= settings.maxJobAttempts()) {
            return Optional.of(Reason.NOT_DUE);
        }
        if (claimable.leased()) {
            return Optional.of(Reason.LEASED);
        }
        if (ResolvedMigration.missingCode(claimable.migration(), replica.workRegistry())
                .isPresent()) {
            return Optional.of(Reason.CODE_MISSING);
        }
        return BudgetQueries.isFull(connection, claimable.migration().id(), job.id())
                ? Optional.of(Reason.LIMIT_REACHED)
                : Optional.empty();
    }

    private static int firstSubBatch(BatchedMigration migration) {
        return Math.max(1, Math.min(Sizing.FIRST_SUB_BATCH, migration.sizing().first()));
    }
}
