package org.registrybbm.migrations.internal.tables;

import java.sql.Connection;
import java.sql.SQLException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/**
 * The version of the schema, as the last changeset of the changelog has recorded it.
 *
 * @param version the version
 * @param leastProgram the oldest program that works with it
 */
public record SchemaVersion(int version, int leastProgram) {
    /** The version that this program needs. It is raised with the changelog. */
    static final int NEEDED = 2;

    private static final String READ = """
            SELECT version, least_program
            FROM batched_background_migration_schema
            """;

    /** Checks that this program works with the schema of a database, in which the table of the version exists. */
    public static void requireFit(Connection connection) throws SQLException {
        Jdbc.first(connection, READ, row -> new SchemaVersion(row.getInt("version"), row.getInt("least_program")))
                .orElseThrow(() ->
                        new SchemaNotMigratedException("the row of batched_background_migration_schema is missing"))
                .requireFit(NEEDED);
    }

    void requireFit(int program) {
        if (version < program) {
            throw SchemaNotMigratedException.tooOld(version, program);
        }
        if (leastProgram > program) {
            throw SchemaNotMigratedException.tooNew(version, leastProgram, program);
        }
    }
}
