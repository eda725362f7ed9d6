package org.registrybbm.migrations.spi;

import java.sql.SQLException;
import javax.sql.DataSource;
import org.registrybbm.migrations.event.MigrationListener;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.internal.failure.DatabaseFailures;
import org.registrybbm.migrations.internal.lease.Claims;
import org.registrybbm.migrations.internal.lease.Replica;
import org.registrybbm.migrations.internal.running.BatchRun;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.EngineSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one batch job: claims its lease, works through its sub-batches, and finishes it, hands it back or records its failure.
 * Thread-safe; each call works in the calling thread.
 */
public final class BatchRunner {
    private static final Logger LOGGER = LoggerFactory.getLogger(BatchRunner.class);

    private final DataSource dataSource;
    private final EngineSettings settings;
    private final MigrationListener listener;
    private final Claims claims;
    private final Replica replica;

    public BatchRunner(DataSource dataSource, EngineSettings settings, MigrationListener listener, Replica replica) {
        this.dataSource = dataSource;
        this.settings = settings;
        this.listener = listener;
        this.replica = replica;
        this.claims = new Claims(dataSource, settings, replica);
    }

    /**
     * Runs a batch job as far as it goes. Nothing of it is lost whatever happens: each sub-batch is committed together with the
     * cursor, and only while the lease is this worker's.
     *
     * @param jobId key of the batch job; an unknown one is not an error
     * @param stop asked between sub-batches; true hands the rest back without an attempt counted
     * @return how it ended; failures of the work are outcomes, not exceptions
     * @throws DatabaseException when the claim could not be made; nothing was done
     */
    public BatchOutcome run(long jobId, StopSignal stop) {
        Claims.Claim claim;
        try {
            claim = claims.claim(jobId);
        } catch (SQLException e) {
            throw DatabaseFailures.of("claim batch job " + jobId, e);
        }
        if (claim instanceof Claims.Refused refused) {
            return new BatchOutcome.NotClaimed(jobId, refused.reason());
        }
        return new BatchRun(dataSource, settings, listener, replica, (Claims.Granted) claim)
                .run(() -> isStopping(stop));
    }

    private static boolean isStopping(StopSignal stop) {
        try {
            return stop.isStopping();
        } catch (RuntimeException e) {
            LOGGER.warn("the stop signal failed; the batch job is handed back", e);
            return true;
        }
    }

    /**
     * Cuts off the sub-batches that are under way: PostgreSQL rolls them back, and their batch jobs are handed back when their
     * {@link StopSignal} says so. For a shutdown that cannot wait for the current statement.
     */
    public void cutOff() {
        replica.watchdog().cutOffAll();
    }
}
