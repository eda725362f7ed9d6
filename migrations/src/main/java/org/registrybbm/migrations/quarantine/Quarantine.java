package org.registrybbm.migrations.quarantine;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import javax.sql.DataSource;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.failure.UnknownMigrationException;
import org.registrybbm.migrations.internal.quarantine.QuarantineQueries;
import org.registrybbm.migrations.internal.sharing.PlanFailures;
import org.registrybbm.migrations.internal.tables.Database;
import org.registrybbm.migrations.internal.tables.EventQueries;
import org.registrybbm.migrations.internal.tables.JobQueries;
import org.registrybbm.migrations.internal.tables.MigrationQueries;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StatusChange.Decider;

/**
 * What people do about failures: list the rows that could not be changed, have whatever failed tried again, or leave rows as they are. It
 * is thread-safe. Every method throws {@link UnknownMigrationException} if no migration has a given name, and {@link DatabaseException} if
 * the database cannot be reached or a statement fails. Nothing was changed then.
 */
public final class Quarantine {
    private static final String ASKED = "asked for by a person";

    private final Database database;

    public Quarantine(DataSource dataSource) {
        this.database = new Database(dataSource);
    }

    /**
     * Lists the rows that could not be changed, including those that were changed or waived since then.
     *
     * @param names the names of the migrations; empty for all
     * @return the rows by migration, oldest first
     */
    public List<QuarantinedRow> list(Collection<String> names) {
        return database.read("list the quarantined rows", names, tx -> QuarantineStatements.list(tx, names));
    }

    /**
     * Has failed migrations, failed batch jobs and quarantined rows tried again, with all their attempts. Paused migrations stay paused,
     * and try again once somebody starts them. Finished migrations are left as they are.
     *
     * @param names the names of the migrations; empty for all
     * @return what is tried again, one entry for each migration that had anything to try again
     */
    public List<RetryResult> retry(Collection<String> names) {
        return retry(names, Decider.CODE);
    }

    /**
     * Does the same, and keeps who decided it and why.
     *
     * @param names the names of the migrations; empty for all
     * @param decider who decided it
     * @return what is tried again, one entry for each migration that had anything to try again
     */
    public List<RetryResult> retry(Collection<String> names, Decider decider) {
        return database.change("retry batched migrations", names, tx -> {
            List<RetryResult> retried = new ArrayList<>();
            for (BatchedMigration migration : MigrationQueries.list(tx, names)) {
                if (migration.status() != MigrationStatus.FINISHED) {
                    retry(tx, migration, retried, decider);
                }
            }
            return retried;
        });
    }

    private static void retry(Connection tx, BatchedMigration migration, List<RetryResult> retried, Decider decider)
            throws SQLException {
        long rows = QuarantineQueries.retry(tx, migration.id());
        long jobs = JobQueries.retryFailed(tx, migration.id());
        EventQueries.decidedByEngine(tx);
        boolean failed = MigrationQueries.retry(tx, migration.id());
        PlanFailures.forget(tx, migration.id());
        if (failed || rows > 0 || jobs > 0) {
            EventQueries.recordDecision(
                    tx,
                    migration.id(),
                    null,
                    new EventQueries.Event("retried", null, rows, decider.reasonOr(ASKED)),
                    decider);
            retried.add(new RetryResult(
                    migration.name(), failed, rows, jobs, migration.status() == MigrationStatus.PAUSED));
        }
    }

    /**
     * Has one failed batch job tried again at once, with all its attempts. If its migration has failed, the migration becomes active again.
     *
     * @param batchJobId the id of the batch job
     * @return what is tried again; empty if no failed batch job has that id
     */
    public List<RetryResult> retryBatchJob(long batchJobId) {
        return retryBatchJob(batchJobId, Decider.CODE);
    }

    /**
     * Does the same, and keeps who decided it and why.
     *
     * @param batchJobId the id of the batch job
     * @param decider who decided it
     * @return what is tried again; empty if no failed batch job has that id
     */
    public List<RetryResult> retryBatchJob(long batchJobId, Decider decider) {
        return database.change("retry batch job " + batchJobId, List.of(), tx -> {
            List<RetryResult> retried = new ArrayList<>();
            for (long migrationId : JobQueries.retryOne(tx, batchJobId)) {
                EventQueries.decidedByEngine(tx);
                boolean failed = MigrationQueries.retry(tx, migrationId);
                Optional<BatchedMigration> migration = MigrationQueries.find(tx, migrationId);
                EventQueries.recordDecision(
                        tx,
                        migrationId,
                        batchJobId,
                        new EventQueries.Event("retried", decider.reasonOr(ASKED)),
                        decider);
                migration.ifPresent(one ->
                        retried.add(new RetryResult(one.name(), failed, 0, 1, one.status() == MigrationStatus.PAUSED)));
            }
            return retried;
        });
    }

    /**
     * Leaves quarantined rows as they are. If the migration failed only because of its quarantine and no row is left there, it becomes
     * active again.
     *
     * @param name the name of the migration
     * @param rows the ids of the rows, {@link QuarantinedRow#id}; empty for all rows that are not settled yet
     * @param by the person who decides it, not blank
     * @param reason why the rows may stay as they are, not blank
     * @return how many rows were waived, without those that were settled before
     * @throws IllegalArgumentException if {@code by} or {@code reason} is blank; nothing was changed
     */
    public long waive(String name, Collection<Long> rows, String by, String reason) {
        return waive(name, rows, new Decider(by, Decider.CODE.via(), reason));
    }

    /**
     * Does the same, and keeps by what way it was decided.
     *
     * @param name the name of the migration
     * @param rows the ids of the rows, {@link QuarantinedRow#id}; empty for all rows that are not settled yet
     * @param decider who decides it, and why the rows may stay as they are
     * @return how many rows were waived, without those that were settled before
     * @throws IllegalArgumentException if the name or the reason of the decider is missing or blank; nothing was changed
     */
    public long waive(String name, Collection<Long> rows, Decider decider) {
        String by = Objects.requireNonNullElse(decider.name(), "");
        String reason = decider.reasonOr("");
        requireText("by", by);
        requireText("reason", reason);
        return database.change("waive quarantined rows of '" + name + "'", List.of(name), tx -> {
            BatchedMigration migration =
                    MigrationQueries.list(tx, List.of(name)).get(0);
            long waived = QuarantineQueries.waive(tx, migration.id(), List.copyOf(rows), by, reason);
            if (waived > 0) {
                EventQueries.recordDecision(
                        tx, migration.id(), null, new EventQueries.Event("waived", null, waived, reason), decider);
            }
            Failure failure = migration.failure();
            if (waived > 0
                    && failure != null
                    && failure.code() == FailureCode.QUARANTINED_ROWS
                    && QuarantineQueries.count(tx, migration.id()) == 0) {
                EventQueries.decidedByEngine(tx);
                var unused = MigrationQueries.retry(tx, migration.id());
            }
            return waived;
        });
    }

    private static void requireText(String what, String text) {
        if (text.isBlank()) {
            throw new IllegalArgumentException(
                    "'" + what + "' is blank; people who read the decision later need it; nothing was changed");
        }
    }
}
