package org.registrybbm.migrations.liquibase.lint;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import liquibase.change.Change;
import liquibase.changelog.ChangeSet;
import liquibase.changelog.DatabaseChangeLog;
import liquibase.database.core.PostgresDatabase;
import liquibase.exception.LiquibaseException;
import liquibase.resource.ClassLoaderResourceAccessor;
import liquibase.statement.SqlStatement;
import liquibase.statement.core.RawSqlStatement;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.internal.failure.SqlFailures;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.TransactionSettings;
import org.registrybbm.migrations.internal.planning.Trial;
import org.registrybbm.migrations.internal.tables.MigrationQueries;
import org.registrybbm.migrations.liquibase.QueueBatchedMigrationChange;
import org.registrybbm.migrations.work.WorkRegistry;

/**
 * Tries each batched migration that a changelog queues on the tables of a database, such as one in a test to which the changelog was
 * applied, and tells which of them would fail as soon as it began. Nothing stays changed.
 *
 * <p>A migration whose table is not in the database is left out, and so is one whose work function is not registered, which
 * {@link ChangelogLint} tells.
 */
public final class DefinitionLint {
    private static final String HAS_TABLE = """
            SELECT to_regclass(?) IS NOT NULL AS found
            """;

    private final Connection tx;
    private final WorkRegistry work;
    private final List<Finding> findings = new ArrayList<>();

    private DefinitionLint(Connection tx, WorkRegistry work) {
        this.tx = tx;
        this.work = work;
    }

    /**
     * Tries the migrations of a changelog from the class path, as a test of an application does.
     *
     * @param path where the changelog is
     * @param dataSource the database, which has the engine's schema
     * @param work the application's work functions
     * @return what breaks a rule, in the order of the changesets
     * @throws LiquibaseException when Liquibase cannot parse the changelog
     * @throws SQLException when the database cannot be asked
     */
    public static List<Finding> check(String path, DataSource dataSource, WorkRegistry work)
            throws LiquibaseException, SQLException {
        DatabaseChangeLog changeLog = ChangelogLint.parse(path, new ClassLoaderResourceAccessor());
        try (Connection connection = dataSource.getConnection()) {
            return check(changeLog, connection, work);
        }
    }

    /**
     * Tries the migrations of a changelog.
     *
     * @param changeLog the changelog, as Liquibase parses it
     * @param connection a session of the database, outside of a transaction
     * @param work the application's work functions
     * @return what breaks a rule, in the order of the changesets
     * @throws SQLException when the database cannot be asked
     */
    public static List<Finding> check(DatabaseChangeLog changeLog, Connection connection, WorkRegistry work)
            throws SQLException {
        boolean before = connection.getAutoCommit();
        connection.setAutoCommit(false);
        try {
            Jdbc.run(connection, TransactionSettings.PLANNING);
            DefinitionLint lint = new DefinitionLint(connection, work);
            for (ChangeSet changeSet : changeLog.getChangeSets()) {
                for (Change change : changeSet.getChanges()) {
                    if (change instanceof QueueBatchedMigrationChange queue) {
                        lint.look(changeSet, queue);
                    }
                }
            }
            return List.copyOf(lint.findings);
        } finally {
            connection.rollback();
            connection.setAutoCommit(before);
        }
    }

    private void look(ChangeSet changeSet, QueueBatchedMigrationChange queue) throws SQLException {
        Savepoint start = tx.setSavepoint();
        try {
            if (Jdbc.one(tx, HAS_TABLE, row -> row.getBoolean("found"), queue.tableName())) {
                if (MigrationQueries.list(tx, List.of(queue.name())).isEmpty()) {
                    queue(queue);
                }
                Trial.of(tx, queue.name(), work)
                        .ifPresent(why -> add(changeSet, rule(why.code(), queue), queue, why.message()));
            }
        } catch (SQLException e) {
            if (!SqlFailures.isLasting(e)) {
                throw e;
            }
            // The engine's own function says it, and names no value of a row.
            add(changeSet, Rule.DEFINITION_INVALID, queue, firstLine(e));
        } finally {
            tx.rollback(start);
        }
    }

    private void queue(QueueBatchedMigrationChange queue) throws SQLException {
        for (SqlStatement statement : queue.generateStatements(new PostgresDatabase())) {
            if (statement instanceof RawSqlStatement raw) {
                Jdbc.run(tx, raw.getSql());
            }
        }
    }

    private void add(ChangeSet changeSet, Rule rule, QueueBatchedMigrationChange queue, String why) {
        if (!ChangelogLint.isIgnored(changeSet, rule)) {
            findings.add(Finding.of(changeSet, rule, "'" + queue.name() + "' would fail: " + why));
        }
    }

    private static String firstLine(SQLException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("").replaceFirst("^ERROR: ", "");
    }

    private static Rule rule(FailureCode code, QueueBatchedMigrationChange queue) {
        return switch (code) {
            case MISSING_INDEX -> queue.searches() ? Rule.NO_PARTIAL_INDEX : Rule.KEY_UNINDEXED;
            case INVALID_ARGUMENTS -> Rule.ARGUMENTS_INVALID;
            default -> Rule.DEFINITION_INVALID;
        };
    }
}
