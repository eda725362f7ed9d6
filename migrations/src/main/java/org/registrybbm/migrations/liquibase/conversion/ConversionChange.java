package org.registrybbm.migrations.liquibase.conversion;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import liquibase.database.Database;
import liquibase.exception.ValidationErrors;
import liquibase.statement.SqlStatement;
import liquibase.statement.core.RawSqlStatement;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.SqlLiterals;
import org.registrybbm.migrations.liquibase.base.Attribute;
import org.registrybbm.migrations.liquibase.base.AttributeType;
import org.registrybbm.migrations.liquibase.base.Attributes;
import org.registrybbm.migrations.liquibase.base.BatchedMigrationChange;

/**
 * What the changes of a column conversion have in common: they run the steps that the database says are left. Each step is a transaction of
 * its own, so a changeset that broke off anywhere is run again.
 */
public abstract class ConversionChange extends BatchedMigrationChange {
    // Liquibase puts a semicolon behind each statement, which psql would take for a part of its command.
    private static final String BEFORE_SEMICOLON = System.lineSeparator() + "-- psql runs what this selects";
    private static final String CONVERSIONS = "batched_background_migration_conversions";
    private static final String PROBLEMS = """
            SELECT absence AS problem
            FROM %2$s(?) AS absence
            WHERE absence IS NOT NULL
            UNION ALL
            SELECT problem
            FROM %1$s
            CROSS JOIN %3$s(?, ?) AS problem
            WHERE name = ?
            """;
    private static final String MIGRATIONS = """
            SELECT coalesce(array_agg(migration ORDER BY position), '{}')::text AS names
            FROM %s
            WHERE conversion = ?
            """;

    static final Attribute NAME = Attribute.required("name", new AttributeType.Text());

    ConversionChange(List<Attribute> known) {
        super(known);
    }

    /** Returns the name of the conversion; empty if it is missing. */
    public final String name() {
        return attributes().get(NAME.name()).orElse("");
    }

    @Override
    protected void check(ValidationErrors errors) {
        if (getChangeSet() != null && getChangeSet().isRunInTransaction()) {
            error(errors, "its changeset needs runInTransaction: false, so that each step ends before the next begins");
        }
    }

    /**
     * Returns what runs the steps: on a database, or as a script, in which psql asks for the steps and runs them.
     *
     * @param verb which steps
     * @param database where
     */
    final SqlStatement steps(Verb verb, Database database) {
        String function = attributes().qualified("column_conversion_steps");
        return isLive(database)
                ? new ConversionStepsStatement(database, function, name(), verb)
                : new RawSqlStatement("SELECT statement FROM " + function + "("
                        + SqlLiterals.text(name()).strip() + ", '" + verb.word() + "') \\gexec" + BEFORE_SEMICOLON);
    }

    /** Returns the name of a SQL function of the engine with the schema, if one was given. */
    public final String qualified(String function) {
        return attributes().qualified(function);
    }

    /**
     * Asks the database why it would refuse this change now. It changes nothing.
     *
     * @return the reasons, for people; none if it would not refuse
     */
    public final List<String> problems(Connection connection) throws SQLException {
        return Jdbc.list(
                connection,
                PROBLEMS.formatted(
                        qualified(CONVERSIONS),
                        qualified("column_conversion_absence"),
                        qualified("column_conversion_problems")),
                row -> row.getString("problem"),
                name(),
                name(),
                verb().word(),
                name());
    }

    /** Returns the batched migrations that fill the twins, as PostgreSQL writes an array. */
    public final String migrations(Connection connection) throws SQLException {
        return Jdbc.one(
                connection,
                MIGRATIONS.formatted(qualified("batched_background_migration_conversion_columns")),
                row -> row.getString("names"),
                name());
    }

    /** Returns what the change does. */
    abstract Verb verb();

    static List<Attribute> nameAndSchema() {
        return List.of(NAME, Attributes.SCHEMA);
    }
}
