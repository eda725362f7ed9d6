package org.registrybbm.migrations.liquibase.base;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import liquibase.Scope;
import liquibase.change.AbstractChange;
import liquibase.database.Database;
import liquibase.database.OfflineConnection;
import liquibase.database.core.PostgresDatabase;
import liquibase.exception.ValidationErrors;
import liquibase.executor.ExecutorService;
import liquibase.parser.core.ParsedNode;
import liquibase.resource.ResourceAccessor;
import liquibase.statement.SqlStatement;
import liquibase.statement.core.RawSqlStatement;
import org.jspecify.annotations.Nullable;

/**
 * What the changes of this project have in common: their attributes are read strictly, and the checksum does not depend on the format of
 * the changelog.
 *
 * <p>Liquibase creates such objects without attributes too and asks them for their statements, so everything here must work then.
 */
public abstract class BatchedMigrationChange extends AbstractChange {
    /** The namespace of the elements in XML. */
    public static final String NAMESPACE = "http://registrybbm.org/xml/ns/changelog";

    /** No statement. */
    protected static final SqlStatement[] NOTHING = {};

    private final List<Attribute> known;
    private Attributes attributes = Attributes.NONE;

    /** Creates a change that knows these attributes. */
    protected BatchedMigrationChange(List<Attribute> known) {
        this.known = known;
    }

    /** Returns what the changelog gives. */
    protected final Attributes attributes() {
        return attributes;
    }

    @Override
    public void load(ParsedNode node, ResourceAccessor resources) {
        attributes = Attributes.read(node, known);
    }

    /** Adds what is wrong with the attributes taken together. */
    protected void check(ValidationErrors errors) {}

    @Override
    public ValidationErrors validate(Database database) {
        ValidationErrors errors = new ValidationErrors(this);
        attributes.problems().forEach(problem -> errors.addError(getSerializedObjectName() + ": " + problem));
        if (!supports(database)) {
            errors.addError(getSerializedObjectName() + " works on PostgreSQL only, and this is "
                    + database.getDatabaseProductName());
        }
        if (attributes.problems().isEmpty()) {
            check(errors);
        }
        return errors;
    }

    /** Adds an error that names the change. */
    protected final void error(ValidationErrors errors, String problem) {
        errors.addError(getSerializedObjectName() + ": " + problem);
    }

    @Override
    public boolean supports(Database database) {
        return database instanceof PostgresDatabase;
    }

    @Override
    public boolean generateStatementsVolatile(Database database) {
        return false;
    }

    @Override
    public boolean generateRollbackStatementsVolatile(Database database) {
        return false;
    }

    @Override
    public boolean supportsRollback(Database database) {
        return true;
    }

    /** Returns whether statements are executed, and not written to a script. */
    protected static boolean isLive(Database database) {
        return database.getConnection() != null
                && !(database.getConnection() instanceof OfflineConnection)
                && Scope.getCurrentScope()
                        .getSingleton(ExecutorService.class)
                        .getExecutor("jdbc", database)
                        .updatesDatabase();
    }

    /** Returns one statement. */
    protected static SqlStatement[] sql(String text) {
        return new SqlStatement[] {new RawSqlStatement(text)};
    }

    @Override
    public String getSerializedObjectNamespace() {
        return NAMESPACE;
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
    public SerializationType getSerializableFieldType(String field) {
        return SerializationType.NAMED_FIELD;
    }
}
