package org.registrybbm.migrations.internal.running;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.failure.InvalidDefinitionException;
import org.registrybbm.migrations.internal.catalog.PartitionTree;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.failure.SqlFailures;
import org.registrybbm.migrations.internal.jdbc.Watchdog;
import org.registrybbm.migrations.internal.lease.Lease;
import org.registrybbm.migrations.internal.lease.LeaseQueries;
import org.registrybbm.migrations.internal.running.Snapshot.Then;
import org.registrybbm.migrations.internal.running.SubBatchTransaction.Step;
import org.registrybbm.migrations.internal.tables.EventQueries;
import org.registrybbm.migrations.internal.walk.ProofQueries;
import org.registrybbm.migrations.internal.walk.ResolvedMigration;
import org.registrybbm.migrations.internal.walk.Walk;
import org.registrybbm.migrations.internal.walk.WalkOpener;
import org.registrybbm.migrations.internal.walk.WalkQueries;
import org.registrybbm.migrations.model.BatchOutcome.Reason;
import org.registrybbm.migrations.settings.EngineSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run of the proof that no row is left. Rows may move to other blocks or partitions meanwhile. The proof therefore reads a
 * {@link Snapshot}, in which each row has one place.
 *
 * <p>The proof reads one part after the other, each for about as long as a sub-batch takes. Each part is read under the fence of the batch
 * job, so a pause or a shutdown ends the proof like any other work. The snapshot is lost then, and the next run begins again. The first
 * pending row ends the proof and opens another pass over the tables.
 */
public final class Proof implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Proof.class);

    // Without these limits, a migration would make passes for ever if the application keeps writing pending rows. It
    // fails if it has made this many passes and has taken this long.
    private static final int MANY_PASSES = 20;
    private static final Duration LONG = Duration.ofHours(1);

    private final Lease lease;
    private final ResolvedMigration definition;
    private @Nullable Snapshot snapshot;
    private boolean found;

    Proof(Lease lease, ResolvedMigration definition) {
        this.lease = lease;
        this.definition = definition;
    }

    /**
     * Reads the next part while the given transaction holds the fence.
     *
     * @param began when the sub-batch began, as {@link System#nanoTime}
     */
    Step step(Connection tx, LeaseQueries.Fenced fenced, long began) throws SQLException {
        Snapshot current;
        try {
            current = snapshot(tx);
        } catch (SqlFailures.NoConnection e) {
            LOGGER.info(
                    "'{}' needs a second connection to look for rows that are left, but got none; it tries again",
                    definition.migration().name());
            return LeaseQueries.handBack(tx, lease)
                    ? new Step.HandedBack(fenced.job(), Reason.LIMIT_REACHED)
                    : new Step.LeaseLost();
        }
        Then then = read(current, began);
        Duration busy = Duration.ofNanos(System.nanoTime() - began);
        if (!LeaseQueries.prove(tx, lease, current.blocksRead(), busy)) {
            return new Step.LeaseLost();
        }
        if (then == Then.MORE && !found) {
            return new Step.Looked(fenced.job());
        }
        close();
        if (then == Then.ANOTHER_TABLE && !found) {
            LOGGER.info(
                    "a table of '{}' was rewritten while the proof read it; the proof begins again",
                    definition.migration().name());
            return new Step.Looked(fenced.job());
        }
        if (found) {
            openAnotherPass(tx);
        }
        return SubBatchTransaction.finish(tx, lease);
    }

    private Snapshot snapshot(Connection tx) throws SQLException {
        Snapshot current = snapshot;
        if (current == null) {
            TargetTable target = definition.target();
            List<TargetTable> tables = target.partitioned() ? PartitionTree.leaves(tx, target) : List.of(target);
            found = false;
            current = take(lease.connect(), SnapshotQueries.files(tx, tables));
            snapshot = current;
        }
        return current;
    }

    private Snapshot take(Connection connection, List<Snapshot.Table> tables) throws SQLException {
        try {
            return Snapshot.take(
                    connection,
                    lease.settings().timeouts(),
                    new Snapshot.Looking(definition, 1, search -> found |= search.hasFound()),
                    tables);
        } catch (Throwable e) {
            giveBack(connection);
            throw e;
        }
    }

    /**
     * Reads one range, and further ones until half of the target time of a sub-batch is over. Small tables are thus read several at a time.
     */
    private Then read(Snapshot current, long began) throws SQLException {
        Duration target = lease.settings().targets().subBatch();
        EngineSettings.Timeouts timeouts = lease.settings().timeouts();
        // The transaction of the fence is idle while a range is read, and must not be ended for that.
        Duration half = timeouts.idleInTransaction().dividedBy(2);
        Duration longest = half.compareTo(timeouts.statement()) < 0 ? half : timeouts.statement();
        try (Watchdog.Watched watched =
                lease.replica().watchdog().watch(current.connection(), timeouts.subBatchLimit())) {
            Then then;
            do {
                then = current.read(target, longest);
            } while (then == Then.MORE && !found && (System.nanoTime() - began) * 2 < target.toNanos());
            return then;
        } catch (SQLException e) {
            if (current.isLost()) {
                close();
            }
            throw e;
        }
    }

    private void openAnotherPass(Connection tx) throws SQLException {
        long id = definition.migration().id();
        if (ProofQueries.isEndless(tx, id, MANY_PASSES, LONG)) {
            throw new InvalidDefinitionException(
                    FailureCode.NO_PROGRESS,
                    "after at least " + MANY_PASSES + " passes and " + LONG.toHours() + " hour over "
                            + definition.target().table()
                            + " there is still a row that is not done: either the work function '"
                            + definition.migration().definition().signature()
                            + "' leaves it so, or the application keeps writing such rows; fix the cause and set the"
                            + " migration to active");
        }
        int pass = WalkQueries.lastPass(tx, id, Walk.Kind.CHANGE) + 1;
        new WalkOpener(tx, definition).openPass(pass);
        EventQueries.record(
                tx,
                id,
                lease.jobId(),
                lease.replica().name(),
                new EventQueries.Event(
                        "another_pass",
                        null,
                        (long) pass,
                        "a row is still pending, for example one that was inserted or moved to where rows were done;"
                                + " another pass over the table follows"));
    }

    @Override
    public void close() {
        if (snapshot != null) {
            snapshot.close();
            giveBack(snapshot.connection());
            snapshot = null;
        }
    }

    private static void giveBack(Connection connection) {
        try {
            connection.close();
        } catch (SQLException e) {
            LOGGER.debug("a connection that read the tables as of one moment is gone", e);
        }
    }
}
