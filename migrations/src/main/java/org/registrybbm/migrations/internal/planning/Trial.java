package org.registrybbm.migrations.internal.planning;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.internal.catalog.PartitionTree;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.failure.SqlFailures;
import org.registrybbm.migrations.internal.rows.Treatment;
import org.registrybbm.migrations.internal.tables.MigrationQueries;
import org.registrybbm.migrations.internal.walk.PendingCheck;
import org.registrybbm.migrations.internal.walk.ResolvedMigration;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.work.WorkRegistry;

/** Tells whether a migration could begin on the tables as they are now. It begins nothing. */
public final class Trial {
    private Trial() {}

    /**
     * Tries a migration in an open transaction, which the caller rolls back.
     *
     * @return why it would fail; empty if it could begin, if no such migration is queued, or if its code is not in the registry
     */
    public static Optional<Failure> of(Connection tx, String name, WorkRegistry registry) throws SQLException {
        Optional<BatchedMigration> migration = MigrationQueries.list(tx, List.of(name)).stream()
                .filter(one -> ResolvedMigration.missingCode(one, registry).isEmpty())
                .findFirst();
        if (migration.isEmpty()) {
            return Optional.empty();
        }
        try {
            ResolvedMigration definition = ResolvedMigration.resolve(tx, migration.get(), registry);
            definition.requirePartitions(tx);
            PendingCheck.run(tx, definition);
            for (TargetTable table : tables(tx, definition)) {
                definition.strategy().check(tx, definition.walked(tx, table, Treatment.CHANGE));
            }
            return Optional.empty();
        } catch (Throwable e) {
            // An Error of the author's code fails a migration too.
            if (!(e instanceof Error) && !SqlFailures.isLasting(e)) {
                throw e;
            }
            return Optional.of(SqlFailures.describeLasting(e));
        }
    }

    private static List<TargetTable> tables(Connection tx, ResolvedMigration definition) throws SQLException {
        return definition.target().partitioned()
                ? PartitionTree.leaves(tx, definition.target())
                : List.of(definition.target());
    }
}
