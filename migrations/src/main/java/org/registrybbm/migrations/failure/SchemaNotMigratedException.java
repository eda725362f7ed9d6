package org.registrybbm.migrations.failure;

/**
 * Thrown when the database does not have the schema of batched migrations that this program needs: tables or columns are missing, or its
 * version is too old or too new.
 */
public final class SchemaNotMigratedException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final String MIGRATE =
            "; run 'registry db migrate' (or your application's Liquibase changelog that includes"
                    + " org/registrybbm/db/batched-migrations.xml) and start again";

    /**
     * Creates the exception for a schema of which something is missing.
     *
     * @param missing what is missing, as a clause such as "table x is missing"
     */
    public SchemaNotMigratedException(String missing) {
        this("not migrated", missing, MIGRATE);
    }

    private SchemaNotMigratedException(String what, String why, String remedy) {
        super("the database schema is " + what + ": " + why + remedy);
    }

    /**
     * Returns the exception for a schema that is older than the program.
     *
     * @param version the schema's version
     * @param needed the version that the program needs
     */
    public static SchemaNotMigratedException tooOld(int version, int needed) {
        return new SchemaNotMigratedException(
                "too old", "it has version " + version + ", and this program needs " + needed, MIGRATE);
    }

    /**
     * Returns the exception for a schema that no longer works with the program.
     *
     * @param version the schema's version
     * @param leastProgram the oldest program that works with it
     * @param program the version of this program
     */
    public static SchemaNotMigratedException tooNew(int version, int leastProgram, int program) {
        return new SchemaNotMigratedException(
                "too new",
                "it has version " + version + ", which works with programs from " + leastProgram
                        + " on, and this one is " + program,
                "; start a newer release of this program, or take the schema back with 'registry db rollback'");
    }
}
