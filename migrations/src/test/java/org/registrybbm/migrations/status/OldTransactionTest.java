package org.registrybbm.migrations.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Somebody's transaction keeps what a search for rows that are not done steps over. */
@ExtendWith(PostgresExtension.class)
class OldTransactionTest {
    private final TestDatabase database;

    OldTransactionTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void queue() {
        database.execute("""
                DELETE FROM batched_background_migrations;
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name,
                        batching_strategy)
                VALUES
                    ('ranges', 0, 0, 10, 4, 'x', 't.x', 'id', NULL),
                    ('nulls', 0, 0, 10, 4, 'x', 't.x', 'id', 'NullKeySetBatchingStrategy'),
                    ('pending', 0, 0, 10, 4, 'x', 't.x', 'id', 'PredicateBatchingStrategy'),
                    ('blocks', 0, 0, 10, 4, 'x', 't.x', 'id', 'BlockBatchingStrategy')
                """);
    }

    @ParameterizedTest
    @CsvSource({"ranges, false", "nulls, true", "pending, true", "blocks, false"})
    void isSaidToMakeItSlowWhereEachSearchStepsOverIt(String name, boolean slow) throws SQLException {
        try (Connection person = database.getConnection();
                Statement statement = person.createStatement()) {
            statement.execute("SET application_name = 'pg_dump'");
            statement.execute("BEGIN ISOLATION LEVEL REPEATABLE READ");
            statement.execute("SELECT count(*) FROM pg_class");
            if (slow) {
                assertThat(pace(name, Duration.ZERO))
                        .matches(
                                ", slow because of the transaction of process \\d+ \\(pg_dump of \\w+\\), open since "
                                        + "2\\d{3}-.* UTC: until that ends, each search for rows also reads all rows that were done since");
            } else {
                assertThat(pace(name, Duration.ZERO)).isEmpty();
            }
            assertThat(pace(name, Duration.ofMinutes(10))).isEmpty();
        }
        assertThat(pace(name, Duration.ZERO)).isEmpty();
    }

    @Test
    void namesAPreparedOneAsNoSessionHasIt() throws SQLException {
        assumeThat(database.text("SHOW max_prepared_transactions")).isNotEqualTo("0");
        try (Connection person = database.getConnection();
                Statement statement = person.createStatement()) {
            statement.execute("BEGIN");
            statement.execute("CREATE TABLE public.prepared ()");
            statement.execute("PREPARE TRANSACTION 'of a host'");
        }

        assertThat(pace("nulls", Duration.ZERO)).contains("because of the prepared transaction 'of a host' (of ");

        database.execute("ROLLBACK PREPARED 'of a host'");
    }

    private String pace(String name, Duration longTransaction) throws SQLException {
        try (Connection connection = database.getConnection()) {
            return WaitReasons.of(connection, longTransaction)
                    .pace(database.number("SELECT id FROM batched_background_migrations WHERE name = ?", name));
        }
    }
}
