package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.OptionalLong;
import org.registrybbm.migrations.Batch;
import org.registrybbm.migrations.BatchJob;
import org.registrybbm.migrations.BatchedMigration;
import org.registrybbm.migrations.FailureCode;
import org.registrybbm.migrations.InvalidDefinitionException;

/** Rows whose column is NULL, until none is left. One batch job at a time, as two would reach for the same rows. */
record NullPredicateBatching() implements BatchingStrategy {
    static final String NAME = "NullKeySetBatchingStrategy";

    private static final String ANY_LEFT = """
            SELECT EXISTS (SELECT FROM %1$s WHERE %2$s IS NULL) AS found
            """;

    private static final String FIRST_NULLS = """
            SELECT ctid FROM %1$s WHERE %2$s IS NULL LIMIT %3$d FOR NO KEY UPDATE
            """;

    // Without this a scan from the table's start would step over every row that is filled already, at each sub-batch
    // anew.
    private static final String WALK_THE_INDEX = "SET LOCAL enable_seqscan = off";

    @Override
    public void check(Connection connection, BatchedMigration migration, Target target) throws SQLException {
        if (target.partitioned()) {
            throw new InvalidDefinitionException(
                    FailureCode.INVALID_BBM_TABLE,
                    target.table() + " is partitioned; " + NAME + " takes one partition at a time, so queue a migration"
                            + " for each of its partitions");
        }
        if (!CatalogQueries.hasNullIndex(connection, target)) {
            throw new InvalidDefinitionException(
                    FailureCode.MISSING_INDEX,
                    "no valid index of " + target.table() + " is partial WHERE " + target.column()
                            + " IS NULL, so that each batch would read the whole table; create one: CREATE INDEX"
                            + " CONCURRENTLY ON " + target.table() + " (" + target.column() + ") WHERE "
                            + target.column() + " IS NULL");
        }
    }

    @Override
    public Batch sample(Target target) {
        return nulls(target, 1);
    }

    @Override
    public OptionalLong estimate(Connection connection, Target target) throws SQLException {
        OptionalLong tuples = CatalogQueries.estimate(connection, target);
        Optional<Double> nullFraction = CatalogQueries.nullFraction(connection, target);
        return tuples.isPresent() && nullFraction.isPresent()
                ? OptionalLong.of(Math.round(tuples.getAsLong() * nullFraction.get()))
                : OptionalLong.empty();
    }

    @Override
    public boolean isParallel() {
        return false;
    }

    @Override
    public Optional<Bounds> cut(
            Connection connection, BatchedMigration migration, Target target, OptionalLong lastMax, long size)
            throws SQLException {
        Sql.run(connection, WALK_THE_INDEX);
        boolean anyLeft = Sql.one(
                connection, ANY_LEFT.formatted(target.table(), target.column()), row -> row.getBoolean("found"));
        return anyLeft ? Optional.of(new Bounds(0, 0)) : Optional.empty();
    }

    @Override
    public Optional<SubBatch> next(Connection connection, Target target, BatchJob job, int size) throws SQLException {
        Sql.run(connection, WALK_THE_INDEX);
        return Optional.of(new SubBatch(nulls(target, size), null, OptionalLong.empty(), false));
    }

    private static Batch nulls(Target target, int limit) {
        String first =
                FIRST_NULLS.formatted(target.table(), target.column(), limit).strip();
        return new Batch(qualifier -> qualifier + "ctid = ANY (ARRAY(" + first + "))");
    }
}
