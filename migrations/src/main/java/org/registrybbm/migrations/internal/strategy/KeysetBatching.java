package org.registrybbm.migrations.internal.strategy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.failure.InvalidDefinitionException;
import org.registrybbm.migrations.internal.catalog.CatalogQueries;
import org.registrybbm.migrations.internal.catalog.Column;
import org.registrybbm.migrations.internal.catalog.KeyColumns;
import org.registrybbm.migrations.internal.catalog.KeyJson;
import org.registrybbm.migrations.internal.catalog.PartitionTree;
import org.registrybbm.migrations.internal.catalog.StatisticsQueries;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.quarantine.SparedQueries;
import org.registrybbm.migrations.internal.rows.WalkedTable;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.Key;
import org.registrybbm.migrations.model.KeyBounds;
import org.registrybbm.migrations.model.Strategy;
import org.registrybbm.migrations.work.Batch;

/**
 * Cuts a table into ranges of a key, which it finds by walking an index. Ranges do not overlap, so several of them may run at once. All
 * rows of one key are in the same range, so the key need not be unique.
 */
public record KeysetBatching() implements BatchingStrategy {
    private static final long LONGEST_WALK = 1_000_000;
    private static final long LONGEST_EXACT_WALK = 100_000;

    // %1$s is the quoted table, %2$s the range, %3$s the key's columns as text, %4$s the key's columns.
    // Only the key that is found is turned into text. Doing that for the rows that are skipped would take three times
    // as long.
    private static final String NTH_KEY = """
            SELECT %3$s
            FROM (
                SELECT %4$s
                FROM %1$s
                WHERE %2$s
                ORDER BY %4$s
                OFFSET ?
                LIMIT 1
            ) AS nth
            """;

    private static final String LAST_KEY = """
            SELECT %3$s
            FROM (
                SELECT %5$s
                FROM %1$s
                WHERE %2$s
                ORDER BY %4$s DESC
                LIMIT 1
            ) AS last
            """;

    private static final String COUNT = """
            SELECT count(*) AS covered
            FROM %1$s
            WHERE %2$s
            """;

    private static final String NULL_KEY = """
            SELECT EXISTS (SELECT FROM %1$s WHERE %2$s IS NULL) AS found
            """;

    private static final String OUTSIDE = """
            SELECT EXISTS (SELECT FROM %1$s WHERE %2$s < ?) OR EXISTS (SELECT FROM %1$s WHERE %2$s > ?) AS found
            """;

    @Override
    public void check(Connection connection, WalkedTable table) throws SQLException {
        BatchedMigration migration = table.migration();
        TargetTable target = table.target();
        if (target.key().isInteger()
                && migration.bounds().first() > migration.bounds().last()) {
            throw new InvalidDefinitionException(
                    FailureCode.INVALID_BOUNDS,
                    "min_value " + migration.bounds().first() + " is greater than max_value "
                            + migration.bounds().last() + "; no key lies between them");
        }
        for (Column column : target.key().columns()) {
            requireOrder(target, column);
        }
        if (!CatalogQueries.isWalkable(connection, target)) {
            throw new InvalidDefinitionException(
                    FailureCode.MISSING_INDEX,
                    "no valid btree index of " + target.table() + " starts with " + target.column()
                            + ", so each batch would read the whole table; create one: CREATE INDEX CONCURRENTLY ON "
                            + target.table() + " (" + target.column() + ")");
        }
        requireNoNullKey(connection, target);
    }

    private static void requireOrder(TargetTable target, Column column) {
        if (!KeyColumns.isOrdered(column)) {
            throw new InvalidDefinitionException(
                    FailureCode.INVALID_BBM_COLUMN,
                    "column " + column.quoted() + " of " + target.table() + " has the type " + column.type()
                            + "; ranges need one of " + KeyColumns.TYPES_AS_WRITTEN + ", or use "
                            + Strategy.BLOCKS);
        }
        if (!column.notNull() && target.key().columns().size() > 1) {
            throw new InvalidDefinitionException(
                    FailureCode.INVALID_BBM_COLUMN,
                    "column " + column.quoted() + " of " + target.table()
                            + " may be NULL, and no range of several columns contains such a row; leave it out of the key,"
                            + " declare it NOT NULL, or use " + Strategy.BLOCKS);
        }
    }

    /**
     * Checks that no row has a NULL key. Such a row is in no range, so the migration would be finished without having changed it.
     *
     * @throws InvalidDefinitionException if there is such a row
     */
    public static void requireNoNullKey(Connection connection, TargetTable target) throws SQLException {
        Column column = target.firstColumn();
        if (column.notNull()) {
            return;
        }
        boolean found = Jdbc.one(
                connection, NULL_KEY.formatted(target.table(), column.quoted()), row -> row.getBoolean("found"));
        if (found) {
            throw new InvalidDefinitionException(
                    FailureCode.INVALID_BBM_COLUMN,
                    "rows of " + target.table() + " have no " + column.quoted()
                            + ", so no range contains them; fill the column, walk another key, or use "
                            + Strategy.BLOCKS);
        }
    }

    /** Returns whether the table has rows outside the bounds of its integer key. */
    public static boolean hasRowsOutside(Connection connection, TargetTable target, KeyBounds bounds)
            throws SQLException {
        if (!target.partitioned()) {
            return hasRowsOf(connection, target, bounds);
        }
        for (TargetTable leaf : PartitionTree.leaves(connection, target)) {
            // Each partition is asked by itself, because a statement on the parent would lock all of them at once.
            Savepoint before = connection.setSavepoint();
            boolean found =
                    StatisticsQueries.heap(connection, leaf).blocks() > 0 && hasRowsOf(connection, leaf, bounds);
            connection.rollback(before);
            if (found) {
                return true;
            }
        }
        return false;
    }

    private static boolean hasRowsOf(Connection connection, TargetTable table, KeyBounds bounds) throws SQLException {
        return Jdbc.one(
                connection,
                OUTSIDE.formatted(table.table(), table.column()),
                row -> row.getBoolean("found"),
                bounds.first(),
                bounds.last());
    }

    @Override
    public OptionalLong estimate(Connection connection, TargetTable target) throws SQLException {
        return StatisticsQueries.estimate(connection, target);
    }

    @Override
    public boolean meetsDoneRows() {
        return true;
    }

    @Override
    public boolean followsKey() {
        return true;
    }

    @Override
    public boolean countsInNumbers(TargetTable target) {
        return target.key().isInteger();
    }

    @Override
    public boolean hasRanges() {
        return true;
    }

    @Override
    public Optional<Cut> cut(Connection connection, WalkedTable table, @Nullable Key cut, Size size)
            throws SQLException {
        BatchedMigration migration = table.migration();
        KeyColumns columns = table.target().key();
        long walked = Math.min(size.rows(), LONGEST_WALK);
        if (!columns.isInteger()) {
            Optional<Key> end = nthKey(connection, table.target(), columns.after("", cut), walked);
            return Optional.of(new Cut(BatchJob.Range.between(cut, end.orElse(null)), walked));
        }
        if (cut != null && cut.number() >= migration.bounds().last()) {
            return Optional.empty();
        }
        // The end of the last batch is less than the last bound here, so adding 1 cannot overflow.
        long first = cut != null ? cut.number() + 1 : migration.bounds().first();
        BatchJob.Range rest = BatchJob.Range.between(first, migration.bounds().last());
        String keys = columns.between("", after(columns, rest), through(columns, rest));
        boolean estimated =
                size.rows() > LONGEST_EXACT_WALK && size.keysPerRow().isPresent();
        Optional<Long> end = estimated
                ? nthKey(connection, table.target(), keys, 1).map(key -> estimatedEnd(key.number(), size))
                : nthKey(connection, table.target(), keys, walked).map(Key::number);
        long last = Math.min(
                end.orElse(migration.bounds().last()), migration.bounds().last());
        return Optional.of(new Cut(BatchJob.Range.between(first, last), estimated ? size.rows() : walked));
    }

    /**
     * Estimates where a large batch ends. Its number of rows need not be exact, and walking over all of them would keep its worker waiting.
     */
    private static long estimatedEnd(long firstKey, Size size) {
        double end = firstKey + size.rows() * size.keysPerRow().orElseThrow() - 1;
        return end >= Long.MAX_VALUE ? Long.MAX_VALUE : Math.max(firstKey, Math.round(end));
    }

    @Override
    public Optional<SubBatch> next(Connection connection, WalkedTable table, BatchJob job, Wanted wanted)
            throws SQLException {
        TargetTable target = table.target();
        Key after = job.lastKey() != null ? job.lastKey() : after(target.key(), job.range());
        Key through = through(target.key(), job.range());
        if (after != null && after.equals(through)) {
            return Optional.empty();
        }
        Optional<SubBatch> unwalked = unwalked(connection, table, wanted, after, through);
        if (unwalked.isPresent()) {
            return unwalked;
        }
        long covered = 0;
        for (String part : target.key().parts("", after, through)) {
            Optional<Key> end = nthKey(connection, target, part, wanted.rows() - covered);
            if (end.isPresent()) {
                boolean last = end.get().equals(through);
                if (after != null) {
                    boolean gapless =
                            hasOneRowForEachKey(table) && end.get().number() - wanted.rows() == after.number();
                    wanted.foresight().ifPresent(foresight -> foresight.keys().walked(gapless));
                }
                WalkedTable seen = within(connection, table, after, end.get(), wanted.rows());
                return Optional.of(new SubBatch(
                        seen, batch(seen, after, end.get()), end.get(), Covered.exactly(wanted.rows()), last));
            }
            covered += Jdbc.one(connection, COUNT.formatted(target.table(), part), row -> row.getLong("covered"));
        }
        if (covered == 0) {
            return Optional.empty();
        }
        Key last = through != null
                ? through
                : lastKey(connection, target, target.key().after("", after)).orElse(after);
        WalkedTable seen = within(connection, table, after, through, covered);
        return Optional.of(new SubBatch(seen, batch(seen, after, through), last, Covered.exactly(covered), true));
    }

    /**
     * Returns the next sub-batch without reading any row, if there is presumably one row for each key; empty if the index must be walked.
     */
    private static Optional<SubBatch> unwalked(
            Connection connection, WalkedTable table, Wanted wanted, @Nullable Key after, @Nullable Key through)
            throws SQLException {
        boolean gapless = wanted.foresight()
                .map(foresight -> foresight.keys().areExpected())
                .orElse(false);
        if (!gapless || after == null || through == null) {
            return Optional.empty();
        }
        long left = through.number() - after.number();
        // The difference overflows if one key is far below zero and the other far above. It is negative then.
        long keys = left > 0 ? Math.min(wanted.rows(), left) : wanted.rows();
        Key end = Key.of(after.number() + keys);
        WalkedTable seen = within(connection, table, after, end, keys);
        Batch all = new Batch(qualifier -> table.target().key().between(qualifier, after, end));
        return Optional.of(
                new SubBatch(seen, batch(seen, after, end), end, Covered.atMost(keys, all), end.equals(through)));
    }

    private static boolean hasOneRowForEachKey(WalkedTable table) {
        KeyColumns key = table.target().key();
        return key.isInteger() && table.spared().identity().columns().equals(key.columns());
    }

    private static WalkedTable within(
            Connection connection, WalkedTable table, @Nullable Key after, @Nullable Key through, long covered)
            throws SQLException {
        KeyColumns key = table.target().key();
        Optional<String> entries = table.spared().identity().holds(key)
                ? Optional.of(key.ofEntries("q.row_key").between("", after, through))
                : Optional.empty();
        return table.within(connection, new SparedQueries.Range(key.between("", after, through), entries, covered));
    }

    private static Batch batch(WalkedTable table, @Nullable Key after, @Nullable Key through) {
        KeyColumns columns = table.target().key();
        return new Batch(qualifier ->
                columns.between(qualifier, after, through) + table.spared().and(qualifier));
    }

    /** Returns the key of the n-th row of a range in the order of the key, counted from 1; empty if the range has fewer rows. */
    private static Optional<Key> nthKey(Connection connection, TargetTable target, String range, long place)
            throws SQLException {
        return Jdbc.first(connection, fill(NTH_KEY, target, range), row -> KeyJson.of(row, target.key()), place - 1);
    }

    private static Optional<Key> lastKey(Connection connection, TargetTable target, String range) throws SQLException {
        String descending = String.join(
                " DESC, ", target.key().columns().stream().map(Column::quoted).toList());
        String sql = LAST_KEY.formatted(target.table(), range, target.key().selected(), descending, target.column());
        return Jdbc.first(connection, sql, row -> KeyJson.of(row, target.key()));
    }

    private static String fill(String sql, TargetTable target, String range) {
        return sql.formatted(target.table(), range, target.key().selected(), target.column());
    }

    /** Returns the key after which a range begins; null if the range has no lower bound. */
    private static @Nullable Key after(KeyColumns columns, BatchJob.Range range) {
        if (!columns.isInteger()) {
            return range.after();
        }
        return range.min() == Long.MIN_VALUE ? null : Key.of(range.min() - 1);
    }

    /** Returns the last key that a range may contain; null if the range has no upper bound. */
    private static @Nullable Key through(KeyColumns columns, BatchJob.Range range) {
        return columns.isInteger() ? Key.of(range.max()) : range.through();
    }
}
