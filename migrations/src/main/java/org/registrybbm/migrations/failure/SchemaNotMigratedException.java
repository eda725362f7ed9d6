package org.registrybbm.migrations.failure;

/** Thrown when the database lacks tables or columns of batched migrations that this version needs. */
public final class SchemaNotMigratedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param missing what is missing, as a clause such as "table x is missing"
     */
    public SchemaNotMigratedException(String missing) {
        super("the database schema is not migrated: " + missing
                + "; run 'registry db migrate' (or your application's Liquibase changelog that includes"
                + " org/registrybbm/db/batched-migrations.xml) and start again");
    }
}
