package org.registrybbm.migrations.internal.walk;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.failure.InvalidDefinitionException;
import org.registrybbm.migrations.internal.catalog.CatalogQueries;
import org.registrybbm.migrations.internal.catalog.Needs;
import org.registrybbm.migrations.internal.catalog.TableChecks;
import org.registrybbm.migrations.internal.catalog.TableNames;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.quarantine.SparedQueries;
import org.registrybbm.migrations.internal.quarantine.SparedRows;
import org.registrybbm.migrations.internal.rows.Treatment;
import org.registrybbm.migrations.internal.rows.WalkedTable;
import org.registrybbm.migrations.internal.strategy.BatchingStrategy;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.Strategy;
import org.registrybbm.migrations.work.Arguments;
import org.registrybbm.migrations.work.Batch;
import org.registrybbm.migrations.work.ShippedWorkFunctions;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.migrations.work.WorkRegistry;

/**
 * A batched migration with everything that it names: its table and column from the catalogue, and its strategy and work function from this
 * replica's code.
 */
public record ResolvedMigration(
        BatchedMigration migration,
        BatchingStrategy strategy,
        WorkFunction function,
        TargetTable target,
        Arguments arguments) {
    private static final Pattern QUOTED = Pattern.compile("'[^']*'|\"[^\"]*\"");
    private static final int LONGEST_NAME = 63;
    private static final Batch NO_ROWS = new Batch(qualifier -> "false");

    /** Returns which code this replica lacks for a migration; another replica may have it. Empty if it lacks none. */
    public static Optional<Failure> missingCode(BatchedMigration migration, WorkRegistry registry) {
        return missingCode(
                migration.definition().signature(), migration.definition().strategy(), registry);
    }

    /** Returns which code this replica lacks for a work function and a strategy. A null strategy stands for ranges of the key. */
    public static Optional<Failure> missingCode(String signature, @Nullable String strategy, WorkRegistry registry) {
        if (registry.find(signature).isEmpty()) {
            return Optional.of(Failure.of(
                    FailureCode.INVALID_JOB_SIGNATURE,
                    "no replica knows the work function '" + signature
                            + "'; deploy the code that registers it" + " or correct job_signature_name; this one knows "
                            + registry.signatures()));
        }
        if (BatchingStrategy.named(strategy).isEmpty()) {
            return Optional.of(Failure.of(
                    FailureCode.INVALID_BATCHING_STRATEGY,
                    "no replica knows the batching strategy '" + strategy
                            + "'; it may be NULL, for ranges of the key, or one of "
                            + String.join(", ", Strategy.names())));
        }
        return Optional.empty();
    }

    /**
     * Finds everything that the migration names and checks that the work function can run. No partition is read, because there may be
     * thousands.
     *
     * @throws InvalidDefinitionException if the migration cannot run; call {@link #missingCode} before
     */
    public static ResolvedMigration resolve(Connection connection, BatchedMigration migration, WorkRegistry registry)
            throws SQLException {
        missingCode(migration, registry).ifPresent(missing -> {
            throw new InvalidDefinitionException(missing.code(), missing.message());
        });
        BatchingStrategy strategy =
                BatchingStrategy.named(migration.definition().strategy()).orElseThrow();
        if (migration.sizing().first() < 1) {
            throw new InvalidDefinitionException(
                    FailureCode.INVALID_BATCH_SIZE,
                    "batch_size is " + migration.sizing().first() + "; a batch needs at least 1 row");
        }
        TargetTable target = CatalogQueries.target(
                connection,
                migration.definition().table(),
                migration.definition().column(),
                strategy.hasKey());
        WorkFunction function =
                registry.find(migration.definition().signature()).orElseThrow();
        ResolvedMigration definition = new ResolvedMigration(
                migration,
                strategy,
                function,
                target,
                Arguments.parse(migration.definition().arguments()));
        definition.checks(target.partitioned() ? null : target).require(connection);
        if (!TableNames.isKept(connection, target)) {
            // The table was rebuilt under its name after the name was looked up, so what was found may be about the old
            // table.
            return resolve(connection, migration, registry);
        }
        definition.check(connection);
        return definition;
    }

    /**
     * Checks each partition.
     *
     * @throws InvalidDefinitionException if the migration cannot run on one of them
     */
    public void requirePartitions(Connection connection) throws SQLException {
        if (target.partitioned()) {
            checks(target).require(connection);
        }
    }

    private TableChecks checks(@Nullable TargetTable part) {
        // Shipped work functions say which rows are pending, so a proof will read the rows by their place. For other
        // work functions the key is watched, which needs the same privileges.
        Optional<Needs> stated = statedNeeds();
        boolean places = !strategy.followsKey() || stated.isPresent();
        return new TableChecks(target, part, places, stated.orElse(Needs.UNKNOWN));
    }

    private void check(Connection connection) throws SQLException {
        boolean unused = AuthorsCall.answer(connection, "check", session -> {
            function.check(context(session, target, NO_ROWS));
            return true;
        });
    }

    /** Returns what the work function says about the columns that it reads and writes. */
    public Needs needs() {
        return statedNeeds().orElse(Needs.UNKNOWN);
    }

    private Optional<Needs> statedNeeds() {
        return ShippedWorkFunctions.needs(function, arguments, target.column());
    }

    /** Returns the table of a walk, and updates its stored name. Empty if it is no longer a partition of the migration's table. */
    public Optional<TargetTable> targetOf(Connection connection, Walk walk) throws SQLException {
        if (walk.onlyTable() || walk.tableOid() == target.oid()) {
            return Optional.of(target);
        }
        Optional<TargetTable> leaf = CatalogQueries.leaf(connection, target, walk.tableOid());
        if (leaf.isPresent() && !leaf.get().table().equals(walk.tableName())) {
            TableNames.rename(connection, migration.id(), List.of(leaf.get()));
        }
        return leaf;
    }

    /**
     * Returns a table as a walk sees it, without the rows that are in quarantine.
     *
     * @throws InvalidDefinitionException if the migration cannot run on the table
     */
    public WalkedTable walked(Connection connection, TargetTable table, Treatment treatment) throws SQLException {
        if (target.partitioned()) {
            checks(table).require(connection);
        }
        return seen(connection, table, treatment, table);
    }

    private WalkedTable seen(Connection connection, TargetTable table, Treatment treatment, TargetTable listed)
            throws SQLException {
        boolean byCursor = strategy.followsKey() && treatment == Treatment.CHANGE;
        SparedRows spared = SparedQueries.find(
                connection,
                CatalogQueries.identity(connection, listed),
                new SparedQueries.Entries(migration.id(), listed.oid(), byCursor));
        Optional<String> ofStrategy = strategy.pending(table);
        Optional<String> pending = ofStrategy.isPresent() ? ofStrategy : workPending(connection, table);
        // A row may come here a second time, for example because the application changes its key. It is not done twice.
        boolean pendingOnly = treatment == Treatment.CHANGE && pending.isPresent() && strategy.meetsDoneRows();
        return new WalkedTable(migration, table, treatment, pending, pendingOnly, spared);
    }

    /**
     * Returns a table as a proof sees it. If the first pass went over a partitioned table as a whole, the rows of its partitions are in
     * quarantine under the name of the whole table.
     */
    public WalkedTable walkedForProof(Connection connection, TargetTable table) throws SQLException {
        boolean whole = table.oid() != target.oid() && WalkQueries.isOverWhole(connection, migration.id());
        return seen(connection, table, Treatment.PROVE, whole ? target : table);
    }

    /**
     * Returns what the work function calls pending. A newline is added if the text may end with a comment, which would hide what the engine
     * writes behind it.
     */
    private Optional<String> workPending(Connection connection, TargetTable table) throws SQLException {
        Optional<String> pending = AuthorsCall.answer(
                connection, "method pending", session -> function.pending(context(session, table, NO_ROWS)));
        if (pending.isPresent() && QUOTED.matcher(pending.get()).replaceAll("").contains("?")) {
            throw new InvalidDefinitionException(
                    FailureCode.PENDING_UNKNOWN,
                    "what the work function '" + migration.definition().signature()
                            + "' calls pending has a question mark, which JDBC reads as a parameter: " + pending.get()
                            + "; write jsonb_exists(...) for the operator");
        }
        return pending.map(sql -> sql.contains("--") ? sql + "\n" : sql);
    }

    /** Returns whether the strategy or the work function says which rows are pending. */
    public boolean saysWhatIsPending(Connection connection) throws SQLException {
        return seen(connection, target, Treatment.PROVE, target).pendingRows().isPresent();
    }

    /**
     * Returns a text about the bounds of the rows that the migration covers, to append to "rows", such as {@code  with id from 1 to 500}.
     * The text is empty if there are no bounds.
     */
    public String bounds() {
        return isBounded()
                ? " with %s from %d to %d"
                        .formatted(
                                target.column(),
                                migration.bounds().first(),
                                migration.bounds().last())
                : "";
    }

    /** Returns the condition that a row lies within the bounds of the migration. */
    public String isWithinBounds(String qualifier) {
        return isBounded()
                ? "%s%s BETWEEN '%d'::bigint AND '%d'::bigint"
                        .formatted(
                                qualifier,
                                target.column(),
                                migration.bounds().first(),
                                migration.bounds().last())
                : "true";
    }

    private boolean isBounded() {
        return strategy.followsKey()
                && target.key().isInteger()
                && !migration.bounds().areAll();
    }

    public WorkContext context(Connection connection, TargetTable table, Batch batch) {
        return WorkContext.of(connection, table, batch, arguments);
    }

    /**
     * Returns the context for rows of a batch job. Each statement that the work prepares then begins with a comment that names the migration
     * and the batch job, as far as that may stand in a comment.
     */
    public WorkContext context(Connection connection, TargetTable table, Batch batch, BatchJob job) {
        String name = migration.name().replaceAll("[^A-Za-z0-9_.:-]", "_");
        String shown = name.substring(0, Math.min(LONGEST_NAME, name.length()));
        return WorkContext.of(connection, table, batch, arguments, "/* bbm=" + shown + " job=" + job.id() + " */ ");
    }
}
