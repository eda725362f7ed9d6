package org.registrybbm.migrations.liquibase;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import liquibase.change.AbstractSQLChange;
import liquibase.change.Change;
import liquibase.changelog.ChangeSet;
import liquibase.changelog.filter.ChangeSetFilter;
import liquibase.changelog.filter.ContextChangeSetFilter;
import liquibase.changelog.filter.DbmsChangeSetFilter;
import liquibase.changelog.filter.LabelChangeSetFilter;
import liquibase.database.Database;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.DatabaseException;
import liquibase.exception.LiquibaseException;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.tables.GateQueries;
import org.registrybbm.migrations.liquibase.conversion.AddColumnConversionChange;
import org.registrybbm.migrations.liquibase.conversion.ConversionChange;
import org.registrybbm.migrations.liquibase.conversion.FinishColumnConversionChange;

/**
 * Asks every gate of the changesets that have not run yet before the first of them runs, so that a deployment is refused as a whole and
 * not in the middle. It changes nothing.
 *
 * <p>A gate on a migration that an earlier one of these changesets queues is not asked: it is decided when that changeset has run.
 */
public final class Preflight {
    private static final String HAS_TABLE = """
            SELECT to_regclass(?) IS NOT NULL AS found
            """;
    private static final String ENGINE = "batched_background_migrations";
    private static final String HAS_FUNCTION = """
            SELECT EXISTS (SELECT FROM pg_proc WHERE proname = ?) AS found
            """;
    private static final String ELEMENTS = """
            SELECT name
            FROM unnest(?::text[]) AS name
            """;

    private final Database database;
    private final Connection connection;
    private final Set<String> queued = new HashSet<>();
    private final Set<String> converted = new HashSet<>();
    private final List<Refusal> refusals = new ArrayList<>();

    private Preflight(Database database, Connection connection) {
        this.database = database;
        this.connection = connection;
    }

    /**
     * Asks the gates.
     *
     * @param liquibase the changelog and the database
     * @param contexts which changesets would run
     * @param most how many changesets would run at most
     * @return the gates that would refuse, in the order of the changesets
     * @throws LiquibaseException when the changelog cannot be read or the database cannot be asked
     */
    public static List<Refusal> refusals(Liquibase liquibase, Contexts contexts, int most) throws LiquibaseException {
        Database database = liquibase.getDatabase();
        if (!(database.getConnection() instanceof JdbcConnection open)) {
            throw new DatabaseException("gates cannot be asked without a database");
        }
        Preflight preflight = new Preflight(database, open.getUnderlyingConnection());
        try {
            for (ChangeSet changeSet :
                    preflight.unrun(liquibase, contexts).stream().limit(most).toList()) {
                preflight.look(changeSet);
            }
        } catch (SQLException e) {
            throw new DatabaseException("could not look at the batched migrations: " + e.getMessage(), e);
        } finally {
            database.rollback();
        }
        return List.copyOf(preflight.refusals);
    }

    /** Liquibase would create its own tables to answer this for a database that has none. */
    private List<ChangeSet> unrun(Liquibase liquibase, Contexts contexts) throws LiquibaseException, SQLException {
        LabelExpression labels = new LabelExpression();
        String history = database.escapeTableName(
                database.getLiquibaseCatalogName(),
                database.getLiquibaseSchemaName(),
                database.getDatabaseChangeLogTableName());
        boolean ranBefore = Jdbc.one(connection, HAS_TABLE, row -> row.getBoolean("found"), history);
        if (ranBefore) {
            return liquibase.listUnrunChangeSets(contexts, labels);
        }
        List<ChangeSetFilter> filters = List.of(
                new ContextChangeSetFilter(contexts),
                new LabelChangeSetFilter(labels),
                new DbmsChangeSetFilter(database));
        return liquibase.getDatabaseChangeLog().getChangeSets().stream()
                .filter(one ->
                        filters.stream().allMatch(filter -> filter.accepts(one).isAccepted()))
                .toList();
    }

    private void look(ChangeSet changeSet) throws SQLException {
        if (changeSet.getPreconditions() != null) {
            for (Requirement gate :
                    Gates.preconditions(changeSet.getPreconditions()).toList()) {
                ask(changeSet, gate, false);
            }
        }
        for (Change change : changeSet.getChanges()) {
            if (change instanceof RequireBatchedMigrationChange require
                    && require.gate().isPresent()) {
                ask(changeSet, require.gate().get(), require.waits());
            } else if (change instanceof SetNotNullAfterChange after) {
                ask(changeSet, after.gate(), false);
            } else if (change instanceof QueueBatchedMigrationChange queue) {
                queued.add(queue.name());
            } else if (change instanceof ConversionChange conversion) {
                ask(changeSet, conversion);
            } else if (change instanceof AbstractSQLChange sql && sql.getSql() != null) {
                queued.addAll(SqlGates.queued(sql.getSql()));
                for (Requirement gate : SqlGates.gates(sql.getSql())) {
                    ask(changeSet, gate, false);
                }
            }
        }
    }

    /** Only the first change of a conversion can be asked before it runs; what comes after depends on it. */
    private void ask(ChangeSet changeSet, ConversionChange conversion) throws SQLException {
        boolean first = converted.add(conversion.name());
        if (!first || conversion instanceof AddColumnConversionChange || !hasFunction("column_conversion_problems")) {
            return;
        }
        List<String> problems = conversion.problems(connection);
        if (!problems.isEmpty()) {
            refusals.add(new Refusal(
                    changeSet.toString(false),
                    conversion.name(),
                    problems.stream()
                            .map(problem -> System.lineSeparator() + "  " + problem)
                            .collect(Collectors.joining("", "column conversion '" + conversion.name() + "'", "")),
                    false));
        } else if (conversion instanceof FinishColumnConversionChange) {
            Requirement filled = new Requirement(
                    conversion.qualified(GateQueries.FUNCTION), conversion.migrations(connection), true, false);
            ask(changeSet, filled, false);
        }
    }

    private boolean hasFunction(String name) throws SQLException {
        return Jdbc.one(connection, HAS_FUNCTION, row -> row.getBoolean("found"), name);
    }

    private void ask(ChangeSet changeSet, Requirement gate, boolean waits) throws SQLException {
        for (GateQueries.Look one : looks(gate)) {
            boolean waited = waits && one.isRunning();
            if (!gate.passes(one) && !waited && !queued.contains(one.name())) {
                refusals.add(new Refusal(
                        changeSet.toString(false),
                        one.name(),
                        Stream.of(one.message(), "  " + one.detail(), one.remedy())
                                .reduce((above, below) -> above + System.lineSeparator() + below)
                                .orElseThrow(),
                        one.isRunning()));
            }
        }
    }

    /** Where the engine's changelog has not run yet, there is nobody to ask, and no migration. */
    private List<GateQueries.Look> looks(Requirement gate) throws SQLException {
        if (hasFunction(GateQueries.FUNCTION)) {
            return gate.look(connection);
        }
        if (Jdbc.one(connection, HAS_TABLE, row -> row.getBoolean("found"), ENGINE)) {
            // The engine's schema is of a release before there were gates. Its update comes first, and then the
            // changeset asks.
            return List.of();
        }
        return Jdbc.list(connection, ELEMENTS, row -> row.getString("name"), gate.names()).stream()
                .map(
                        name -> new GateQueries.Look(
                                name,
                                "unknown",
                                "batched migration '" + name + "' does not exist",
                                "nor do the tables of batched migrations",
                                "Include org/registrybbm/db/batched-migrations.xml before this changeset, and queue the migration."))
                .toList();
    }
}
