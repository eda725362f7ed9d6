package org.registrybbm.migrations.quarantine;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.ResultSets;

/** Statements that read quarantined rows for people to look at. */
final class QuarantineStatements {
    private static final String LIST = """
            SELECT q.id, m.name, q.table_name, q.row_key::text AS row_key, q.status, q.failure_class, q.failure_sqlstate,
                q.failure_message, q.attempts, q.quarantined_at, q.settled_at, q.waived_by, q.waived_reason
            FROM batched_background_migration_quarantined_rows q
            JOIN batched_background_migrations m ON m.id = q.batched_background_migration_id
            WHERE cardinality(?::text[]) = 0
                OR m.name = ANY (?::text[])
            ORDER BY m.id, q.id
            """;

    private QuarantineStatements() {}

    static List<QuarantinedRow> list(Connection connection, Collection<String> names) throws SQLException {
        String[] array = names.toArray(String[]::new);
        return Jdbc.list(connection, LIST, QuarantineStatements::row, array, array);
    }

    private static QuarantinedRow row(ResultSet row) throws SQLException {
        return new QuarantinedRow(
                row.getLong("id"),
                row.getString("name"),
                row.getString("table_name"),
                row.getString("row_key"),
                QuarantinedRow.Status.of(row.getString("status")),
                row.getString("failure_class"),
                row.getString("failure_sqlstate"),
                row.getString("failure_message"),
                row.getInt("attempts"),
                ResultSets.instant(row, "quarantined_at"),
                ResultSets.instant(row, "settled_at"),
                row.getString("waived_by"),
                row.getString("waived_reason"));
    }
}
