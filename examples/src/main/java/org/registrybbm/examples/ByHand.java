package org.registrybbm.examples;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import javax.sql.DataSource;

/** Shows the backfill of the comparison as a hand-written loop. */
public final class ByHand {
    private ByHand() {}

    // snippet: by-hand
    /** Starts from the first row whenever it is started, in one process, at a fixed size. */
    public static void lowerCaseEmails(DataSource dataSource) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            long after = 0;
            for (long through = end(connection, after); through > after; through = end(connection, after)) {
                try (PreparedStatement update = connection.prepareStatement(
                        "UPDATE shop.users SET email = lower(email) WHERE id > ? AND id <= ?")) {
                    update.setLong(1, after);
                    update.setLong(2, through);
                    update.executeUpdate();
                }
                after = through;
            }
        }
    }

    /** Returns the last key of the next 1,000 rows, or the same key where there are none. */
    static long end(Connection connection, long after) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(
                "SELECT max(id) FROM (SELECT id FROM shop.users WHERE id > ? ORDER BY id LIMIT 1000) AS batch")) {
            query.setLong(1, after);
            try (ResultSet row = query.executeQuery()) {
                row.next();
                long through = row.getLong(1);
                return row.wasNull() ? after : through;
            }
        }
    }
    // end
}
