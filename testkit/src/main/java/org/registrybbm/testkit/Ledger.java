package org.registrybbm.testkit;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.testkit.postgres.TestDatabase;

/**
 * Records which rows of a table replicas changed, and how often. A trigger writes this down in the transaction of the change. Rows are told
 * apart by the primary key; nothing is recorded for a table without one.
 */
final class Ledger {
    private static final String REPLICA = "registry-bbm-testkit";

    private static final String CREATE = """
            CREATE SCHEMA IF NOT EXISTS registry_bbm_testkit;

            CREATE TABLE IF NOT EXISTS registry_bbm_testkit.changes (
                migration text NOT NULL,
                row_key jsonb NOT NULL,
                operation text NOT NULL,
                transaction xid8 NOT NULL DEFAULT pg_current_xact_id()
            );

            CREATE OR REPLACE FUNCTION registry_bbm_testkit.write_down() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER
            AS $$
            BEGIN
                IF current_setting('application_name') = '%s' THEN
                    INSERT INTO registry_bbm_testkit.changes (migration, operation, row_key)
                    SELECT tg_argv[0], tg_op, jsonb_object_agg(key, value)
                    FROM jsonb_each(to_jsonb(CASE tg_op WHEN 'INSERT' THEN new ELSE old END))
                    WHERE key = ANY (tg_argv[1:]);
                END IF;
                RETURN NULL;
            END
            $$
            """.formatted(REPLICA);

    private static final String KEY = """
            SELECT quote_literal(a.attname)
            FROM pg_index i
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
            WHERE i.indrelid = ?::regclass
                AND i.indisprimary
            """;

    private static final String WATCH = """
            CREATE TRIGGER registry_bbm_testkit_%1$d
            AFTER INSERT OR UPDATE OR DELETE ON %2$s
            FOR EACH ROW EXECUTE FUNCTION registry_bbm_testkit.write_down(%3$s)
            """;

    private static final String NUMBER = """
            SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'registry_bbm_testkit_%'
            """;

    private static final String CHANGES = """
            SELECT row_key::text AS row_key, count(*) AS times
            FROM registry_bbm_testkit.changes
            WHERE migration = ?
                AND operation IN ('UPDATE', 'DELETE')
            GROUP BY 1
            ORDER BY 1
            """;

    private static final String HAS_CHANGES = """
            SELECT EXISTS (
                SELECT FROM registry_bbm_testkit.changes WHERE transaction = pg_current_xact_id_if_assigned()
            )
            """;

    private final TestDatabase database;
    private final String migration;
    private final boolean hasKey;

    private Ledger(TestDatabase database, String migration, boolean hasKey) {
        this.database = database;
        this.migration = migration;
        this.hasKey = hasKey;
    }

    /** Holds the key of a row, and how often the row was changed. */
    record Changed(String key, long times) {}

    /**
     * Holds what was recorded.
     *
     * @param hasKey whether rows can be told apart
     * @param rows the rows that were changed
     */
    record Changes(boolean hasKey, List<Changed> rows) {}

    /** Begins to record what is done to the table of a migration. */
    static Ledger of(TestDatabase database, NewBatchedMigration migration) {
        database.execute(CREATE);
        String table = migration.definition().table();
        List<String> key = database.column(KEY, table);
        if (!key.isEmpty()) {
            String name = "'" + migration.name().replace("'", "''") + "'";
            database.execute(WATCH.formatted(
                    database.number(NUMBER), table, name + ", " + key.stream().collect(Collectors.joining(", "))));
        }
        return new Ledger(database, migration.name(), !key.isEmpty());
    }

    /** Marks a session, so that its changes are recorded. */
    static void mark(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET application_name = '" + REPLICA + "'");
        }
    }

    /** Returns whether the current transaction of a connection has changed recorded rows. */
    static boolean hasChanges(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(HAS_CHANGES)) {
            row.next();
            return row.getBoolean(1);
        }
    }

    Changes read() {
        List<Changed> rows = new ArrayList<>();
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement(CHANGES)) {
            statement.setString(1, migration);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    rows.add(new Changed(row.getString("row_key"), row.getLong("times")));
                }
            }
        } catch (SQLException e) {
            throw new IllegalStateException("could not read which rows were changed", e);
        }
        return new Changes(hasKey, rows);
    }
}
