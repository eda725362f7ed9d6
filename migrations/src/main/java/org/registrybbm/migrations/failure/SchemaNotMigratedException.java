package org.registrybbm.migrations.failure;

/** Says that the database lacks the batched-migration tables or columns that this version needs. */
public final class SchemaNotMigratedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Describes what is missing.
     *
     * @param missing what is missing, as a clause: "table x is missing"
     */
    public SchemaNotMigratedException(String missing) {
        super("the database schema is not migrated: " + missing
                + "; run 'registry db migrate' (or your application's Liquibase changelog that includes"
                + " org/registrybbm/db/batched-migrations.xml) and start again");
    }
}
