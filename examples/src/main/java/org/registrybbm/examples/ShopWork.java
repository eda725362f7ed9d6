package org.registrybbm.examples;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.stream.IntStream;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.migrations.work.WorkFunctions;
import org.registrybbm.migrations.work.WorkRegistry;

/** Registers a shop's work functions, one of each kind that there is. */
public final class ShopWork implements WorkFunctions {
    @Override
    public void register(WorkRegistry.Builder registry) {
        // snippet: work-of-one-update
        registry.register(
                "lowerCaseEmails", WorkFunction.update("email = lower(email)").withPending("email <> lower(email)"));
        // end
        registry.register(
                "splitNames",
                WorkFunction.update("profile = jsonb_build_object('first', split_part(name, ' ', 1),"
                                + " 'last', split_part(name, ' ', 2)) || profile")
                        .withPending("NOT jsonb_exists(profile, 'first')"));
        // snippet: work-that-adds
        registry.register("doublePoints", context -> context.update("points = points * 2"));
        // end
        // snippet: work-with-arguments
        registry.register(
                "forgetVisits",
                context -> context.execute(
                        "DELETE FROM %s WHERE %s AND seen_at < ?::timestamptz"
                                .formatted(context.table(), context.batch().predicate()),
                        context.arguments().text("before")));
        // end
        // snippet: work-that-moves-rows
        registry.register(
                "archiveOrders",
                context -> context.execute(
                        """
                        WITH moved AS (DELETE FROM %s WHERE %s AND closed RETURNING *)
                        INSERT INTO shop.closed_orders SELECT * FROM moved
                        """.formatted(context.table(), context.batch().predicate())));
        // end
        registry.register("hashDocuments", ((WorkFunction) ShopWork::hashDocuments).withPending("sha256 IS NULL"));
    }

    // snippet: work-in-java
    /** Computes in Java what SQL cannot: reads the rows of the batch, and writes them back in one round trip. */
    private static long hashDocuments(WorkContext context) throws SQLException {
        String read = "SELECT id, body FROM %s WHERE %s"
                .formatted(context.table(), context.batch().predicate());
        String write = "UPDATE %s SET sha256 = ? WHERE id = ?".formatted(context.table());
        try (Statement reading = context.connection().createStatement();
                ResultSet rows = reading.executeQuery(read);
                PreparedStatement writing = context.connection().prepareStatement(write)) {
            while (rows.next()) {
                writing.setBytes(1, sha256(rows.getBytes("body")));
                writing.setLong(2, rows.getLong("id"));
                writing.addBatch();
            }
            return IntStream.of(writing.executeBatch()).sum();
        }
    }
    // end

    private static byte[] sha256(byte[] body) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(body);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
