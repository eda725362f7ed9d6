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
import org.registrybbm.migrations.internal.catalog.StatisticsQueries;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.failure.SqlFailures;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.rows.Places;
import org.registrybbm.migrations.internal.rows.WalkedTable;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.Key;
import org.registrybbm.migrations.model.Strategy;
import org.registrybbm.migrations.work.Batch;

/**
 * Takes rows for which a condition is true, until none is left. The work makes the condition false. Each sub-batch locks its rows before
 * the work function gets them, and skips rows that others have locked, so batch jobs that run at the same time never meet.
 *
 * @param nulls whether the condition is that the migration's column is NULL; otherwise it is what the work function calls pending
 */
public record PredicateBatching(boolean nulls) implements BatchingStrategy {
    private static final String ANY_LEFT = """
            SELECT EXISTS (SELECT FROM %1$s WHERE %2$s) AS found
            """;

    private static final String LOCKED = "FOR NO KEY UPDATE";

    // This runs inside a plan, for which other migrations wait.
    private static final String SHORT_LOOK = "SET LOCAL statement_timeout = '500ms'";

    // Without this, each sub-batch might scan the table from its start and step over every row that is done already.
    private static final String WALK_THE_INDEX = "SET LOCAL enable_seqscan = off";
    private static final String WALK_AS_EVER = "SET LOCAL enable_seqscan = DEFAULT";

    @Override
    public boolean hasKey() {
        return nulls;
    }

    @Override
    public void check(Connection connection, WalkedTable table) throws SQLException {
        TargetTable target = table.target();
        if (nulls && !CatalogQueries.hasNullIndex(connection, target)) {
            throw new InvalidDefinitionException(
                    FailureCode.MISSING_INDEX,
                    target.table() + " has no valid partial index WHERE " + target.column()
                            + " IS NULL, so each batch would read the whole table; create one: CREATE INDEX"
                            + " CONCURRENTLY ON " + target.table() + " (" + target.column() + ") WHERE "
                            + target.column() + " IS NULL");
        }
        if (!nulls) {
            Jdbc.run(connection, WALK_THE_INDEX);
            if (!CatalogQueries.usesIndex(connection, target.table(), table.pending())) {
                throw new InvalidDefinitionException(
                        FailureCode.MISSING_INDEX,
                        target.table() + " has no index that finds its rows where " + table.pending()
                                + ", so each batch would read the whole table; create a partial index with this"
                                + " condition, or use " + Strategy.BLOCKS);
            }
        }
    }

    @Override
    public OptionalLong estimate(Connection connection, TargetTable target) throws SQLException {
        return nulls ? StatisticsQueries.estimateNulls(connection, target) : OptionalLong.empty();
    }

    @Override
    public boolean hasRanges() {
        return false;
    }

    @Override
    public boolean searches() {
        return true;
    }

    @Override
    public Optional<Cut> cut(Connection connection, WalkedTable table, @Nullable Key cut, Size size)
            throws SQLException {
        Jdbc.run(connection, WALK_THE_INDEX);
        return anyLeft(connection, table)
                ? Optional.of(new Cut(BatchJob.Range.between(0, 0), size.rows()))
                : Optional.empty();
    }

    /**
     * Returns whether any row may be left. If so many entries of the index are done that a short look cannot tell, the answer is yes,
     * because only a batch job has the time to find out.
     */
    private static boolean anyLeft(Connection connection, WalkedTable table) throws SQLException {
        Savepoint before = connection.setSavepoint();
        boolean left;
        try {
            Jdbc.run(connection, SHORT_LOOK);
            left = Jdbc.one(
                    connection,
                    ANY_LEFT.formatted(
                            table.target().table(),
                            table.pending("") + table.spared().and("")),
                    row -> row.getBoolean("found"));
        } catch (SQLException e) {
            if (!SqlFailures.isWorthSmaller(e)) {
                throw e;
            }
            left = true;
        }
        // The rollback also undoes the settings of the look.
        connection.rollback(before);
        return left;
    }

    @Override
    public Optional<SubBatch> next(Connection connection, WalkedTable table, BatchJob job, Wanted wanted)
            throws SQLException {
        Jdbc.run(connection, WALK_THE_INDEX);
        Places rows = next(connection, table, wanted);
        // The work function's own statements are planned as usual.
        Jdbc.run(connection, WALK_AS_EVER);
        return rows.isEmpty()
                ? Optional.empty()
                : Optional.of(new SubBatch(table, rows.batch(), null, Covered.exactly(rows.count()), false));
    }

    @Override
    public Optional<String> pending(TargetTable target) {
        return nulls ? Optional.of(target.column() + " IS NULL") : Optional.empty();
    }

    private static Places next(Connection connection, WalkedTable table, Wanted wanted) throws SQLException {
        String condition = table.pending("") + table.spared().and("");
        String name = table.target().table();
        if (wanted.foresight().isPresent()) {
            Foresight foresight = wanted.foresight().get();
            Places rows = foreseen(connection, table, condition, wanted);
            if (!rows.isEmpty()) {
                return rows;
            }
            if (!foresight.search(connection, name, condition, wanted)) {
                return Places.NONE;
            }
            rows = foreseen(connection, table, condition, wanted);
            if (!rows.isEmpty()) {
                return rows;
            }
        }
        Places free = Places.find(connection, name, condition, LOCKED + " SKIP LOCKED", wanted.rows());
        // Rows that others have locked may still be pending when they are unlocked. Only waiting for them tells.
        return free.isEmpty() ? Places.find(connection, name, condition, LOCKED, wanted.rows()) : free;
    }

    /**
     * Takes rows from the foreseen places. If others have done or locked the rows at some places, it continues with the places behind them.
     */
    private static Places foreseen(Connection connection, WalkedTable table, String condition, Wanted wanted)
            throws SQLException {
        Foresight foresight = wanted.foresight().orElseThrow();
        while (!foresight.isEmpty()) {
            Batch places = foresight.next(wanted.rows()).batch();
            Places rows = Places.find(
                    connection,
                    table.target().table(),
                    "(" + places.predicate() + ") AND " + condition,
                    LOCKED + " SKIP LOCKED",
                    wanted.rows());
            if (!rows.isEmpty()) {
                return rows;
            }
        }
        return Places.NONE;
    }
}
