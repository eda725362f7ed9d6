package org.registrybbm.testkit;

import java.util.List;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.quarantine.QuarantinedRow;
import org.registrybbm.migrations.verification.VerificationResult;

/**
 * Reports what became of a migration in a test. The methods that begin with {@code assert} return the report, or throw an {@link
 * AssertionError} that says what is wrong.
 */
public final class MigrationReport {
    private static final int MOST_SHOWN = 5;

    private final BatchedMigration migration;
    private final VerificationResult verified;
    private final List<QuarantinedRow> quarantine;
    private final Ledger.Changes changes;
    private final int replicasKilled;

    MigrationReport(
            BatchedMigration migration,
            VerificationResult verified,
            List<QuarantinedRow> quarantine,
            Ledger.Changes changes,
            int replicasKilled) {
        this.migration = migration;
        this.verified = verified;
        this.quarantine = List.copyOf(quarantine);
        this.changes = changes;
        this.replicasKilled = replicasKilled;
    }

    /** Returns the migration as it was at the end. */
    public BatchedMigration migration() {
        return migration;
    }

    /** Returns what a verification found at the end. */
    public VerificationResult verified() {
        return verified;
    }

    /** Returns the rows that could not be changed. */
    public List<QuarantinedRow> quarantine() {
        return quarantine;
    }

    /** Returns how many replicas were killed on the way. */
    public int replicasKilled() {
        return replicasKilled;
    }

    /**
     * Returns how many rows of the table were changed or deleted.
     *
     * @throws IllegalStateException when the table has no primary key, by which rows are told apart
     */
    public long rowsChanged() {
        return rows().size();
    }

    /** Asserts that the migration is finished. */
    public MigrationReport assertFinished() {
        if (migration.status() != MigrationStatus.FINISHED) {
            Failure failure = migration.failure();
            throw new AssertionError("'%s' is %s instead of finished%s%s"
                    .formatted(
                            migration.name(),
                            migration.status().word(),
                            failure == null
                                    ? ""
                                    : ": code " + failure.code().code() + ", "
                                            + failure.code().word() + ": " + failure.message(),
                            quarantined()));
        }
        return this;
    }

    private String quarantined() {
        if (quarantine.isEmpty()) {
            return "";
        }
        QuarantinedRow first = quarantine.get(0);
        return "; rows in quarantine: %d, the first one is %s: %s"
                .formatted(quarantine.size(), first.key(), first.message());
    }

    /** Asserts that the migration is finished and that, by its work function, no row is pending any more. */
    public MigrationReport assertVerified() {
        assertFinished();
        if (verified.verdict() != VerificationResult.Verdict.COMPLETE) {
            throw new AssertionError(
                    "'%s' is finished but not verified: %s".formatted(migration.name(), verified.explanation()));
        }
        return this;
    }

    /**
     * Asserts that {@code expected} rows of the table were changed or deleted, each of them once.
     *
     * @throws IllegalStateException when the table has no primary key, by which rows are told apart
     */
    public MigrationReport assertEachChangedOnce(long expected) {
        List<Ledger.Changed> twice =
                rows().stream().filter(row -> row.times() > 1).toList();
        if (!twice.isEmpty()) {
            throw new AssertionError("%d rows of %s were changed more than once, such as %s"
                    .formatted(
                            twice.size(),
                            migration.definition().table(),
                            twice.stream()
                                    .limit(MOST_SHOWN)
                                    .map(row -> row.key() + " " + row.times() + " times")
                                    .toList()));
        }
        if (rows().size() != expected) {
            throw new AssertionError("%d rows of %s were changed instead of %d"
                    .formatted(rows().size(), migration.definition().table(), expected));
        }
        return this;
    }

    /** Asserts that {@code expected} replicas were killed on the way. */
    public MigrationReport assertReplicasKilled(int expected) {
        if (replicasKilled != expected) {
            throw new AssertionError("%d replicas were killed instead of %d: too few sub-batches changed rows of %s"
                    .formatted(replicasKilled, expected, migration.definition().table()));
        }
        return this;
    }

    private List<Ledger.Changed> rows() {
        if (!changes.hasKey()) {
            throw new IllegalStateException(migration.definition().table()
                    + " has no primary key, so its rows cannot be told apart; check the" + " rows themselves");
        }
        return changes.rows();
    }
}
