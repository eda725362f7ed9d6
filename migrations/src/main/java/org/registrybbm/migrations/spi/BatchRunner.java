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
 * Runs one batch job at a time: claims it, works through its sub-batches, and then finishes it, hands it back or records its failure.
 * Thread-safe. Each call works in the calling thread.
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
     * Runs a batch job until it ends in some way. Whatever happens, no committed work is lost or done twice: each sub-batch is committed
     * together with the cursor, and only while this worker has the lease.
     *
     * @param jobId the key of the batch job; a key that does not exist is not an error
     * @param stop asked between sub-batches; when it says stop, the rest is handed back and no attempt is counted
     * @return how the run ended; a failure of the work is an outcome, not an exception
     * @throws DatabaseException when the batch job could not be claimed; nothing was done
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
     * Aborts the connections of all sub-batches that are under way, for a shutdown that cannot wait for their statements. PostgreSQL rolls
     * the sub-batches back. Their batch jobs are handed back if their {@link StopSignal} says stop.
     */
    public void cutOff() {
        replica.watchdog().cutOffAll();
    }
}
