package org.registrybbm.migrations.testkit;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.migrations.work.WorkFunction;

/** Work functions of tests, for {@code t.items}, and what they ask of their rows. */
public final class ItemsWork {
    public static final String ADD_ONE = "addOne";

    /** Counts a row and marks it as done. */
    public static final WorkFunction DO_ONE =
            ((WorkFunction) context -> context.update("n = n + 1, v = 1")).withPending("v IS NULL");

    private ItemsWork() {}

    /** The work that must never be done twice. */
    public static long addOne(WorkContext context) throws SQLException {
        return context.update("n = n + 1");
    }

    /** The least key among the rows of a sub-batch. */
    public static long firstKey(WorkContext context) throws SQLException {
        return key(context, "min");
    }

    /** The greatest key among the rows of a sub-batch. */
    public static long lastKey(WorkContext context) throws SQLException {
        return key(context, "max");
    }

    private static long key(WorkContext context, String which) throws SQLException {
        String sql = "SELECT %s(%s) FROM %s WHERE %s"
                .formatted(
                        which,
                        context.column(),
                        context.table(),
                        context.batch().predicate());
        try (var statement = context.connection().createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    public static long update(Connection connection, String sql, Object... args) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < args.length; i++) {
                statement.setObject(i + 1, args[i]);
            }
            return statement.executeLargeUpdate();
        }
    }
}
