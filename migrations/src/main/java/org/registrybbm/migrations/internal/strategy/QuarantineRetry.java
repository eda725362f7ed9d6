package org.registrybbm.migrations.internal.strategy;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.quarantine.QuarantineQueries;
import org.registrybbm.migrations.internal.rows.RowQueries;
import org.registrybbm.migrations.internal.rows.Treatment;
import org.registrybbm.migrations.internal.rows.WalkedTable;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.Key;
import org.registrybbm.migrations.work.Batch;

/** Takes quarantined rows of one table that are to be tried again, one row for each sub-batch. */
public record QuarantineRetry() implements BatchingStrategy {
    /**
     * Returns whether nobody can say what became of a row. This is so if two things are true. The row is no longer found by its identity,
     * because its key was changed to fix it, because it was deleted, or because it was changed in a table without a key. And the work
     * function does not say which rows are pending.
     */
    public static boolean isLost(Connection connection, WalkedTable table, Batch row) throws SQLException {
        return table.treatment() == Treatment.RETRY
                && table.pendingRows().isEmpty()
                && RowQueries.count(connection, table, row) == 0;
    }

    @Override
    public void check(Connection connection, WalkedTable table) {}

    @Override
    public OptionalLong estimate(Connection connection, TargetTable target) {
        return OptionalLong.empty();
    }

    @Override
    public boolean hasRanges() {
        return false;
    }

    @Override
    public Optional<Cut> cut(Connection connection, WalkedTable table, @Nullable Key cut, Size size) {
        return cut == null ? Optional.of(new Cut(BatchJob.Range.between(0, 0), 0)) : Optional.empty();
    }

    @Override
    public Optional<SubBatch> next(Connection connection, WalkedTable table, BatchJob job, Wanted wanted)
            throws SQLException {
        long after = job.lastKey() == null ? 0 : job.lastKey().number();
        Optional<QuarantineQueries.Row> row = QuarantineQueries.nextToRetry(
                connection, table.migration().id(), table.target().oid(), after);
        return row.map(found -> new SubBatch(
                table,
                new Batch(qualifier -> table.spared().identity().predicate(List.of(found.key()), qualifier)),
                Key.of(found.id()),
                Covered.exactly(1),
                false));
    }
}
