package org.registrybbm.migrations.verification;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.ObjLongConsumer;
import javax.sql.DataSource;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.failure.InvalidDefinitionException;
import org.registrybbm.migrations.internal.failure.DatabaseFailures;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.TransactionSettings;
import org.registrybbm.migrations.internal.tables.EventQueries;
import org.registrybbm.migrations.internal.tables.KnownMigrations;
import org.registrybbm.migrations.internal.tables.MigrationQueries;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.work.WorkRegistry;

/**
 * Searches the tables of migrations, range by range, for rows that are still pending. It changes nothing but {@code verified_at} of a
 * finished migration that has no pending row.
 */
public record Verifier(DataSource dataSource, EngineSettings settings, WorkRegistry workRegistry) {
    /**
     * Verifies migrations one after the other, in the calling thread.
     *
     * @param names the migrations to verify; empty for all that are finished
     * @param stop asked between ranges
     * @param progress called after each range with the migration's name and the number of rows looked at so far
     */
    public List<VerificationResult> verify(
            Collection<String> names, StopSignal stop, ObjLongConsumer<String> progress) {
        List<VerificationResult> verified = new ArrayList<>();
        try (Connection connection = dataSource.getConnection()) {
            KnownMigrations.require(connection, names);
            for (BatchedMigration migration : MigrationQueries.list(connection, names)) {
                if (!names.isEmpty() || migration.status() == MigrationStatus.FINISHED) {
                    verified.add(
                            stop.isStopping() ? notBegun(migration) : verify(connection, migration, stop, progress));
                }
            }
        } catch (SQLException e) {
            throw DatabaseFailures.of("verify batched migrations", e);
        }
        return List.copyOf(verified);
    }

    private static VerificationResult notBegun(BatchedMigration migration) {
        return new VerificationResult(
                migration.name(), VerificationResult.Verdict.STOPPED, 0, List.of(), "stopped before it began");
    }

    private VerificationResult verify(
            Connection connection, BatchedMigration migration, StopSignal stop, ObjLongConsumer<String> progress)
            throws SQLException {
        String name = migration.name();
        VerificationScan scan = new VerificationScan(connection, settings, workRegistry, migration);
        try (scan) {
            while (next(scan)) {
                progress.accept(name, scan.covered());
                if (stop.isStopping()) {
                    return new VerificationResult(
                            name,
                            VerificationResult.Verdict.STOPPED,
                            scan.left(),
                            scan.samples(),
                            "stopped after " + scan.covered() + " rows");
                }
            }
            progress.accept(name, scan.covered());
        } catch (InvalidDefinitionException e) {
            return new VerificationResult(
                    name,
                    VerificationResult.Verdict.UNKNOWN,
                    0,
                    List.of(),
                    e.failure().message());
        } catch (SQLException e) {
            if (VerificationScan.isConnectionLost(e)) {
                throw e;
            }
            return new VerificationResult(
                    name,
                    VerificationResult.Verdict.UNKNOWN,
                    scan.left(),
                    scan.samples(),
                    "could not be verified: " + VerificationScan.explain(e));
        }
        if (scan.left() > 0) {
            forgetProof(connection, migration, scan.left());
            return new VerificationResult(
                    name,
                    VerificationResult.Verdict.INCOMPLETE,
                    scan.left(),
                    scan.samples(),
                    (scan.left() == 1 ? "1 row is" : scan.left() + " rows are")
                            + " not done, besides those in quarantine" + unreadable(scan));
        }
        if (migration.status() == MigrationStatus.FINISHED) {
            Jdbc.inTransaction(connection, tx -> {
                Jdbc.run(tx, TransactionSettings.SHORT_TRANSACTION);
                return MigrationQueries.setVerified(tx, migration.id());
            });
        }
        return new VerificationResult(
                name, VerificationResult.Verdict.COMPLETE, 0, List.of(), "no row" + scan.bounds() + " is left");
    }

    /** Reads the next range. What the author's code throws says no more than an invalid definition. */
    private static boolean next(VerificationScan scan) throws SQLException {
        try {
            return scan.next();
        } catch (InvalidDefinitionException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new InvalidDefinitionException(
                    FailureCode.UNKNOWN, "could not be verified: " + VerificationScan.explain(e));
        }
    }

    /** A gate must not go by a proof that is no longer true. */
    private static void forgetProof(Connection connection, BatchedMigration migration, long left) throws SQLException {
        boolean unused = Jdbc.inTransaction(connection, tx -> {
            Jdbc.run(tx, TransactionSettings.SHORT_TRANSACTION);
            boolean forgotten = MigrationQueries.setUnverified(tx, migration.id());
            if (forgotten) {
                EventQueries.record(
                        tx,
                        migration.id(),
                        new EventQueries.Event(
                                "proof_lost", null, left, "a verification found rows that are not done"));
            }
            return forgotten;
        });
    }

    private static String unreadable(VerificationScan scan) {
        Failure failure = scan.failure();
        return failure == null
                ? ""
                : "; for " + scan.unreadable() + " of them the check itself failed, because a value does not fit: "
                        + failure.message();
    }
}
