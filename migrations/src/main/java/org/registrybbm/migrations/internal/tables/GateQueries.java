package org.registrybbm.migrations.internal.tables;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/** Asks the SQL function {@code batched_migration_gate} in which state migrations are for somebody who needs their result. */
public final class GateQueries {
    /** The function, where the engine's tables are on the search path. */
    public static final String FUNCTION = "batched_migration_gate";

    private static final String LOOK = """
            SELECT name, state, message, detail, coalesce(remedy, '') AS remedy
            FROM %s(?::text[], ?)
            """;

    private GateQueries() {}

    /**
     * What stands in the way of somebody who needs one migration.
     *
     * @param name the migration
     * @param state one of the ten states of the gate, such as {@code paused}
     * @param message its first line, which is the same for each state
     * @param detail how far the migration is, or why it stands still
     * @param remedy what to run, one or more lines; empty for one that is verified
     */
    public record Look(String name, String state, String message, String detail, String remedy) {
        /** Returns whether it goes on by itself. */
        public boolean isRunning() {
            return state.equals("running");
        }

        /** Returns whether there is no migration of this name. */
        public boolean isUnknown() {
            return state.equals("unknown");
        }

        /** Returns whether every batch is done, verified or not. */
        public boolean isFinished() {
            return switch (state) {
                case "verified", "unverified", "unverifiable", "waived" -> true;
                default -> false;
            };
        }

        /** Returns the first line and the detail. */
        @Override
        public String toString() {
            return message + ": " + detail;
        }
    }

    /**
     * Looks at migrations, without a lock.
     *
     * @param function the name of the function, qualified and quoted if necessary
     * @param names the migrations: an array, or its text
     * @param allowWaived whether waived rows are no obstacle
     */
    public static List<Look> look(Connection connection, String function, Object names, boolean allowWaived)
            throws SQLException {
        return Jdbc.list(
                connection,
                LOOK.formatted(function),
                row -> new Look(
                        row.getString("name"),
                        row.getString("state"),
                        row.getString("message"),
                        row.getString("detail"),
                        row.getString("remedy")),
                names,
                allowWaived);
    }
}
