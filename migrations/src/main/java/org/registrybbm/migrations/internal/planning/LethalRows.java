package org.registrybbm.migrations.internal.planning;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.registrybbm.migrations.event.MigrationEvent;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.failure.InvalidDefinitionException;
import org.registrybbm.migrations.internal.quarantine.QuarantineQueries;
import org.registrybbm.migrations.internal.rows.RowLists;
import org.registrybbm.migrations.internal.rows.RowQueries;
import org.registrybbm.migrations.internal.rows.WalkedTable;
import org.registrybbm.migrations.internal.sizing.Sizing;
import org.registrybbm.migrations.internal.strategy.BatchingStrategy;
import org.registrybbm.migrations.internal.strategy.Wanted;
import org.registrybbm.migrations.internal.tables.FailureReasons;
import org.registrybbm.migrations.internal.tables.JobQueries;
import org.registrybbm.migrations.internal.walk.ResolvedMigration;
import org.registrybbm.migrations.internal.walk.WalkedJob;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.work.Batch;
import org.registrybbm.migrations.work.WorkRegistry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Handles a batch job whose worker died in it each time, for example because rows use up its memory. The batch job continues with fewer
 * rows until the rows that kill are alone. These are then quarantined, so that replicas stop dying.
 *
 * @param events the list to which events are added that are to be sent after the commit
 */
record LethalRows(
        Connection connection,
        BatchedMigration migration,
        WorkRegistry registry,
        int maxAttempts,
        List<MigrationEvent> events) {
    private static final Logger LOGGER = LoggerFactory.getLogger(LethalRows.class);

    /** Up to this many rows are quarantined together. */
    private static final int NARROW = 4;

    /**
     * Prepares a batch job for another try after it used up its attempts without reporting a failure.
     *
     * @return whether it is due now
     */
    boolean narrow(BatchJob job) throws SQLException {
        int size = job.subBatchSize() == null ? Sizing.FIRST_SUB_BATCH : job.subBatchSize();
        if (size > NARROW) {
            int smaller = Sizing.afterDeath(size);
            LOGGER.warn(
                    "batch job {} of '{}' lost its worker {} times without progress; it goes on with {} rows at a time",
                    job.id(),
                    migration.name(),
                    job.attempts(),
                    smaller);
            return JobQueries.narrow(connection, job.id(), maxAttempts - 1, null, smaller);
        }
        return quarantineNext(ResolvedMigration.resolve(connection, migration, registry), job, size);
    }

    private boolean quarantineNext(ResolvedMigration definition, BatchJob job, int size) throws SQLException {
        // The smallest unit is quarantined as a whole, even if that is a block of rows and slightly exceeds the limit.
        QuarantineQueries.takeTurn(connection, migration.id());
        if (QuarantineQueries.count(connection, migration.id()) >= migration.quarantineLimit()) {
            Failure full = FailureReasons.ofQuarantine(migration);
            throw new InvalidDefinitionException(full.code(), full.message());
        }
        Optional<WalkedJob> walked = WalkedJob.of(connection, definition, job);
        Optional<BatchingStrategy.SubBatch> next = Optional.empty();
        if (walked.isPresent()) {
            next = walked.get().next(connection, job, Wanted.of(size));
        }
        if (next.isEmpty()) {
            return JobQueries.narrow(connection, job.id(), 0, null, size);
        }
        Failure death = Failure.of(
                FailureCode.MAX_JOB_RETRY,
                "killed its worker: a replica died or froze " + job.attempts() + " times at this row or one beside it");
        List<Failure> deaths = new ArrayList<>();
        for (String row : rows(next.get().table(), next.get().batch(), death)) {
            QuarantineQueries.quarantine(
                    connection,
                    migration.id(),
                    walked.get().table().target(),
                    new QuarantineQueries.Listed(job.id(), row, death));
            deaths.add(death);
        }
        if (!deaths.isEmpty()) {
            LOGGER.error(
                    "'{}' quarantines {} row(s) of {}: {}",
                    migration.name(),
                    deaths.size(),
                    walked.get().table().target().table(),
                    death.message());
            String replica = Objects.requireNonNullElse(job.leaseOwner(), "unknown");
            events.add(new MigrationEvent.RowsQuarantined(migration, job, replica, List.copyOf(deaths)));
        }
        return JobQueries.narrow(connection, job.id(), 0, next.get().lastKey(), size);
    }

    /** Returns the rows to quarantine. Many rows that share one key are not quarantined, because most of them do no harm. */
    private List<String> rows(WalkedTable table, Batch batch, Failure death) throws SQLException {
        List<String> rows = RowQueries.identities(connection, table, table.toWork(batch), "", RowLists.FEW + 1);
        if (rows.size() > RowLists.FEW) {
            throw new InvalidDefinitionException(
                    death.code(),
                    death.message() + "; more than " + RowLists.FEW + " rows of "
                            + table.target().table()
                            + " share its key, which are too many to quarantine: fix the work function, or walk a unique key");
        }
        return rows;
    }
}
