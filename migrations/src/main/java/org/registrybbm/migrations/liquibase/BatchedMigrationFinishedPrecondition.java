package org.registrybbm.migrations.liquibase;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import liquibase.changelog.ChangeSet;
import liquibase.changelog.DatabaseChangeLog;
import liquibase.changelog.visitor.ChangeExecListener;
import liquibase.database.Database;
import liquibase.database.core.PostgresDatabase;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.PreconditionErrorException;
import liquibase.exception.PreconditionFailedException;
import liquibase.exception.UnexpectedLiquibaseException;
import liquibase.exception.ValidationErrors;
import liquibase.exception.Warnings;
import liquibase.parser.core.ParsedNode;
import liquibase.parser.core.ParsedNodeException;
import liquibase.precondition.AbstractPrecondition;
import liquibase.precondition.Precondition;
import liquibase.precondition.PreconditionLogic;
import liquibase.precondition.core.AndPrecondition;
import liquibase.precondition.core.PreconditionContainer;
import liquibase.resource.ResourceAccessor;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.tables.GateQueries;
import org.registrybbm.migrations.liquibase.base.Attribute;
import org.registrybbm.migrations.liquibase.base.Attributes;
import org.registrybbm.migrations.liquibase.base.BatchedMigrationChange;

/**
 * {@code batchedMigrationFinished}: a precondition that fails unless some batched migrations are finished and, by default, verified.
 *
 * <p>It can be lost where {@link RequireBatchedMigrationChange} cannot: by default, a script that Liquibase writes has no trace of
 * preconditions, and what surrounds one may turn its failure into a success. Therefore it refuses, whatever the options say, to stand where
 * that could happen.
 */
public final class BatchedMigrationFinishedPrecondition extends AbstractPrecondition {
    private static final String NAME = "batchedMigrationFinished";
    private static final String REFUSED = "RBM01";

    private static final List<Attribute> KNOWN = Stream.concat(
                    Requirement.ATTRIBUTES.stream(), Stream.of(Attributes.SCHEMA))
            .toList();

    private Attributes attributes = Attributes.NONE;

    /** For Liquibase, which sets the attributes afterwards. */
    public BatchedMigrationFinishedPrecondition() {}

    @Override
    public String getName() {
        return NAME;
    }

    @Override
    public String getSerializedObjectNamespace() {
        return BatchedMigrationChange.NAMESPACE;
    }

    @Override
    public Set<String> getSerializableFields() {
        return new TreeSet<>(attributes.values().keySet());
    }

    @Override
    public @Nullable Object getSerializableFieldValue(String field) {
        return attributes.values().get(field);
    }

    @Override
    public void load(ParsedNode node, ResourceAccessor resources) throws ParsedNodeException {
        attributes = Attributes.read(node, KNOWN);
        if (!attributes.problems().isEmpty()) {
            // Liquibase does not validate the preconditions of changesets.
            throw new ParsedNodeException(NAME + ": " + String.join("; ", attributes.problems()));
        }
    }

    @Override
    public Warnings warn(Database database) {
        return new Warnings();
    }

    @Override
    public ValidationErrors validate(Database database) {
        ValidationErrors errors = new ValidationErrors(this);
        if (!(database instanceof PostgresDatabase)) {
            errors.addError(NAME + " works on PostgreSQL only");
        }
        return errors;
    }

    @Override
    public void check(
            Database database,
            DatabaseChangeLog changeLog,
            @Nullable ChangeSet changeSet,
            @Nullable ChangeExecListener listener)
            throws PreconditionFailedException, PreconditionErrorException {
        requireSafePlace(changeSet == null ? changeLog.getPreconditions() : changeSet.getPreconditions());
        if (!(database.getConnection() instanceof JdbcConnection open)) {
            throw new UnexpectedLiquibaseException(
                    NAME
                            + " cannot be checked without a database; use the change requireBatchedMigration, which a script can hold");
        }
        Connection connection = open.getUnderlyingConnection();
        try {
            requireKnown(connection);
            Jdbc.list(connection, attributes.call("require_batched_migrations", Requirement.ATTRIBUTES), row -> true);
        } catch (SQLException e) {
            if (Objects.equals(e.getSQLState(), REFUSED)) {
                throw new PreconditionFailedException(String.valueOf(e.getMessage()), changeLog, this);
            }
            throw new UnexpectedLiquibaseException(String.valueOf(e.getMessage()), e);
        }
    }

    /** Returns the names of the batched migrations. */
    public Set<String> names() {
        return Requirement.names(attributes);
    }

    /** Returns what would turn its failure into something else, such as {@code onFail MARK_RAN}; empty if nothing would. */
    public Optional<String> lostBy(PreconditionContainer container) {
        if (container.getOnFail() != PreconditionContainer.FailOption.HALT) {
            return Optional.of("onFail " + container.getOnFail());
        }
        if (container.getOnError() != PreconditionContainer.ErrorOption.HALT) {
            return Optional.of("onError " + container.getOnError());
        }
        if (container.getOnSqlOutput() != PreconditionContainer.OnSqlOutputOption.TEST) {
            return Optional.of("onSqlOutput " + container.getOnSqlOutput() + " (say onSqlOutput: TEST)");
        }
        return isRequired(container) ? Optional.empty() : Optional.of("a 'not' or an 'or' around it");
    }

    Requirement gate() {
        return Requirement.of(attributes);
    }

    /** A name that does not exist is most likely a typing error, which no option may hide. */
    private void requireKnown(Connection connection) throws SQLException {
        String unknown = gate().look(connection).stream()
                .filter(GateQueries.Look::isUnknown)
                .map(GateQueries.Look::toString)
                .collect(Collectors.joining("; "));
        if (!unknown.isEmpty()) {
            throw new UnexpectedLiquibaseException(unknown);
        }
    }

    private void requireSafePlace(@Nullable PreconditionContainer container) {
        if (container == null) {
            return;
        }
        Optional<String> lost = lostBy(container);
        if (lost.isPresent()) {
            throw new UnexpectedLiquibaseException(NAME + " would be lost by " + lost.get()
                    + "; use the change requireBatchedMigration, which cannot be lost");
        }
    }

    /** Returns whether nothing but 'and' is around this. */
    private boolean isRequired(PreconditionLogic logic) {
        for (Precondition nested : logic.getNestedPreconditions()) {
            if (nested == this || nested instanceof AndPrecondition and && isRequired(and)) {
                return true;
            }
        }
        return false;
    }
}
