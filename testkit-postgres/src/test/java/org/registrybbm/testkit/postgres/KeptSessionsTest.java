package org.registrybbm.testkit.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(PostgresExtension.class)
class KeptSessionsTest {
    // More than the uses after which the driver, and then the server, keep a plan.
    private static final int USES = 12;

    private final TestDatabase database;

    KeptSessionsTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    void aStatementStaysPreparedFromOneUseOfASessionToTheNext() throws SQLException {
        for (int use = 0; use < USES; use++) {
            assertThat(inATransaction("SELECT 1 + 1")).isEqualTo("2");
        }

        assertThat(database.number("SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT 1 + 1'"))
                .isEqualTo(1);
    }

    @Test
    void aTableMadeAnewIsReadAsItIsNow() throws SQLException {
        database.execute("CREATE TABLE anew (v int); INSERT INTO anew VALUES (7)");
        for (int use = 0; use < USES; use++) {
            assertThat(inATransaction("SELECT * FROM anew")).isEqualTo("7");
        }

        // By another session: the driver hears of what its own one does.
        try (Connection held = database.getConnection()) {
            database.execute("DROP TABLE anew; CREATE TABLE anew (v text); INSERT INTO anew VALUES ('seven')");
        }

        assertThat(inATransaction("SELECT * FROM anew")).isEqualTo("seven");
    }

    @Test
    void nothingElseOfASessionIsLeft() throws SQLException {
        String process;
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("SET work_mem = 64");
            statement.execute("SET TIME ZONE 'UTC'");
            statement.execute("SELECT pg_advisory_lock(4711)");
            statement.execute("LISTEN nobody");
            statement.execute("CREATE TEMP TABLE left_over (n int)");
            process = first(statement.executeQuery("SELECT pg_backend_pid()"));
            connection.commit();
        }

        assertThat(database.text("SELECT pg_backend_pid()")).isEqualTo(process);
        assertThat(database.text("SHOW work_mem")).isNotEqualTo("64kB");
        assertThat(database.text("SHOW timezone")).isEqualTo(PostgresExtension.TIME_ZONE);
        assertThat(database.column("SELECT pg_listening_channels()")).isEmpty();
        assertThat(database.column("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711"))
                .isEmpty();
        assertThat(database.text("SELECT to_regclass('left_over')")).isEqualTo("null");
    }

    private String inATransaction(String sql) throws SQLException {
        try (Connection connection = database.getConnection()) {
            connection.setAutoCommit(false);
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                return first(statement.executeQuery());
            }
        }
    }

    private static String first(ResultSet rows) throws SQLException {
        rows.next();
        return rows.getString(1);
    }
}
