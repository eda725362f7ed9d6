package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.registrybbm.migrations.Batch;
import org.registrybbm.migrations.BatchJob;
import org.registrybbm.migrations.BatchedMigration;
import org.registrybbm.migrations.FailureCode;
import org.registrybbm.migrations.InvalidDefinitionException;

/** Ranges of an integer key, found by walking its index. Ranges do not overlap, so they may run at once. */
record KeysetBatching() implements BatchingStrategy {
    private static final Set<String> KEY_TYPES = Set.of("smallint", "integer", "bigint");

    // %1$s is the quoted table, %2$s the quoted column; both come from the catalogue.
    private static final String BATCH_END = """
            SELECT %2$s AS key
            FROM %1$s
            WHERE %2$s >= ?
                AND %2$s <= ?
            ORDER BY %2$s
            OFFSET ?
            LIMIT 1
            """;

    private static final String SUB_BATCH_END = """
            SELECT max(key) AS key, count(*) AS covered
            FROM (
                SELECT %2$s AS key
                FROM %1$s
                WHERE %2$s >= ?
                    AND %2$s <= ?
                ORDER BY %2$s
                LIMIT ?
            ) sub_batch
            """;

    @Override
    public void check(Connection connection, BatchedMigration migration, Target target) throws SQLException {
        if (migration.minValue() > migration.maxValue()) {
            throw new InvalidDefinitionException(
                    FailureCode.INVALID_BOUNDS,
                    "min_value " + migration.minValue() + " is greater than max_value " + migration.maxValue()
                            + "; no key lies between them");
        }
        if (!KEY_TYPES.contains(target.type())) {
            throw new InvalidDefinitionException(
                    FailureCode.INVALID_BBM_COLUMN,
                    "column " + target.column() + " of " + target.table() + " has the type " + target.type()
                            + "; ranges need smallint, integer or bigint");
        }
        if (!CatalogQueries.isWalkable(connection, target)) {
            throw new InvalidDefinitionException(
                    FailureCode.MISSING_INDEX,
                    "no valid btree index of " + target.table() + " starts with " + target.column()
                            + ", so that each batch would read the whole table; create one: CREATE INDEX CONCURRENTLY ON "
                            + target.table() + " (" + target.column() + ")");
        }
    }

    @Override
    public Batch sample(Target target) {
        return range(target, 0, 0);
    }

    @Override
    public OptionalLong estimate(Connection connection, Target target) throws SQLException {
        return CatalogQueries.estimate(connection, target);
    }

    @Override
    public boolean isParallel() {
        return true;
    }

    @Override
    public Optional<Bounds> cut(
            Connection connection, BatchedMigration migration, Target target, OptionalLong lastMax, long size)
            throws SQLException {
        if (lastMax.isPresent() && lastMax.getAsLong() >= migration.maxValue()) {
            return Optional.empty();
        }
        // Below the maximum, so that adding one cannot overflow.
        long first = lastMax.isPresent() ? lastMax.getAsLong() + 1 : migration.minValue();
        Optional<Long> end = Sql.first(
                connection,
                BATCH_END.formatted(target.table(), target.column()),
                row -> row.getLong("key"),
                first,
                migration.maxValue(),
                size - 1);
        return Optional.of(new Bounds(first, end.orElse(migration.maxValue())));
    }

    @Override
    public Optional<SubBatch> next(Connection connection, Target target, BatchJob job, int size) throws SQLException {
        Long lastKey = job.lastKey();
        if (lastKey != null && lastKey >= job.maxValue()) {
            return Optional.empty();
        }
        long first = lastKey == null ? job.minValue() : lastKey + 1;
        record End(long key, long covered) {}
        End end = Sql.one(
                connection,
                SUB_BATCH_END.formatted(target.table(), target.column()),
                row -> new End(row.getLong("key"), row.getLong("covered")),
                first,
                job.maxValue(),
                size);
        if (end.covered() == 0) {
            return Optional.empty();
        }
        // Fewer rows than asked for: the rest of the range holds no other key.
        boolean last = end.covered() < size || end.key() == job.maxValue();
        long lastOfRange = last ? job.maxValue() : end.key();
        return Optional.of(
                new SubBatch(range(target, first, lastOfRange), lastOfRange, OptionalLong.of(end.covered()), last));
    }

    private static Batch range(Target target, long first, long last) {
        return new Batch(qualifier -> qualifier + target.column() + " BETWEEN " + first + " AND " + last);
    }
}
