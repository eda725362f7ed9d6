package org.registrybbm.migrations.internal.strategy;

import java.sql.Connection;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.rows.WalkedTable;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.Key;

/**
 * Proves that no row is left, in one batch job over all tables of a migration. It must see all tables as they were at one moment, so the
 * class {@code Proof} makes its sub-batches.
 */
public record BlockProof() implements BatchingStrategy {
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
    public boolean proves() {
        return true;
    }

    @Override
    public Optional<Cut> cut(Connection connection, WalkedTable table, @Nullable Key cut, Size size) {
        return cut == null ? Optional.of(new Cut(BatchJob.Range.between(0, 0), size.rows())) : Optional.empty();
    }

    @Override
    public Optional<SubBatch> next(Connection connection, WalkedTable table, BatchJob job, Wanted wanted) {
        return Optional.empty();
    }
}
