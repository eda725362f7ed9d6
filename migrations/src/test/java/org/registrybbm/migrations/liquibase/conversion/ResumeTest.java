package org.registrybbm.migrations.liquibase.conversion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.registrybbm.migrations.liquibase.conversion.Shop.ADD;
import static org.registrybbm.migrations.liquibase.conversion.Shop.FINISH;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.registrybbm.migrations.testkit.forms.LongBuild;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Whoever runs the steps may be gone after any of them. The application works all the while, and the next one ends it. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class ResumeTest {

    private final TestDatabase database;

    @TempDir
    Path directory;

    ResumeTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void forgetChangesets() {
        database.execute("DROP TABLE IF EXISTS databasechangelog, databasechangeloglock");
    }

    private Shop copied() {
        Shop shop = Shop.open(database, Set.of());
        shop.changelog(directory, ADD).update();
        shop.copy();
        return shop;
    }

    private static List<String> steps(Statement statement, String verb) throws SQLException {
        List<String> steps = new ArrayList<>();
        try (ResultSet rows =
                statement.executeQuery("SELECT statement FROM column_conversion_steps('widen', '" + verb + "')")) {
            while (rows.next()) {
                steps.add(rows.getString(1));
            }
        }
        return steps;
    }

    /** An undo takes the same steps as a finish. */
    static Stream<String> verbs() {
        return LongBuild.IS_ON ? Stream.of("finish", "undo", "drop") : Stream.of("finish", "drop");
    }

    static IntStream exchanges() {
        return LongBuild.IS_ON ? IntStream.rangeClosed(0, 2) : IntStream.of(1);
    }

    /**
     * Each session does one step and is gone. What the next one is told is left must be exactly what was left before, without the first.
     */
    @ParameterizedTest
    @MethodSource("verbs")
    void goesOnAfterAnyStep(String verb) throws SQLException {
        Shop shop = copied();
        if (!verb.equals("finish")) {
            shop.changelog(directory, ADD, FINISH).update();
        }
        List<String> ran = new ArrayList<>();
        for (boolean done = false; !done; ) {
            try (Connection connection = database.getConnection();
                    Statement statement = connection.createStatement()) {
                List<String> work = steps(statement, verb).stream()
                        .filter(step -> !step.startsWith("SET ") && !step.startsWith("SELECT pg_advisory_unlock"))
                        .toList();
                // ANALYZE leaves nothing that could be seen later.
                String next = work.stream()
                        .filter(step -> !step.startsWith("ANALYZE"))
                        .findFirst()
                        .orElse("");
                done = next.isEmpty();
                if (!done) {
                    assertThat(ran).doesNotContain(next);
                    statement.execute(next);
                    ran.add(next);
                }
                statement.execute("SELECT pg_advisory_unlock_all()");
            }
            shop.use();
        }

        assertThat(ran).hasSizeGreaterThan(verb.equals("drop") ? 3 : 25);
        assertThat(database.number("SELECT count(*) FROM pg_index WHERE NOT indisvalid"))
                .isZero();
        assertThat(
                        database.number(
                                "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'zzz%' AND tgrelid::regclass::text LIKE 't.%'"))
                .isEqualTo(verb.equals("drop") ? 0 : 3);
    }

    /** What CREATE INDEX CONCURRENTLY leaves behind is dropped and built anew. */
    @Test
    void buildsAnewWhatWasNotBuiltToItsEnd() throws Exception {
        Shop shop = copied();
        try (Connection reader = database.getConnection();
                Statement read = reader.createStatement()) {
            reader.setAutoCommit(false);
            // Of another table: a build waits for whoever might still look with an older snapshot.
            reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            read.execute("SELECT count(*) FROM t.tags");
            CompletableFuture<Void> finish = CompletableFuture.runAsync(
                    () -> shop.changelog(directory, ADD, FINISH).update());
            // The build waits for the reader.
            Awaitility.await().until(() -> database.number("""
                            SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE%INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'
                            """) == 1);
            database.execute("""
                    SELECT pg_terminate_backend(pid)
                    FROM pg_stat_activity
                    WHERE query LIKE 'CREATE%INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'
                    """);
            assertThat(finish).failsWithin(30, TimeUnit.SECONDS);
            reader.commit();
        }
        assertThat(database.number("SELECT count(*) FROM pg_index WHERE NOT indisvalid"))
                .isOne();
        database.execute("UPDATE databasechangeloglock SET locked = false");

        shop.changelog(directory, ADD, FINISH).update();

        shop.use();
        assertThat(database.number("SELECT count(*) FROM pg_index WHERE NOT indisvalid"))
                .isZero();
    }

    /** The server may still be at work for somebody who is gone. */
    @Test
    void waitsForWhoeverIsAtWork() throws Exception {
        Shop shop = copied();
        try (Connection other = database.getConnection();
                Statement statement = other.createStatement()) {
            steps(statement, "finish");
            CompletableFuture<Void> finish = CompletableFuture.runAsync(
                    () -> shop.changelog(directory, ADD, FINISH).update());
            Awaitility.await().until(() -> database.number("""
                            SELECT count(*) FROM pg_stat_activity
                            WHERE query LIKE '%column_conversion_steps%' AND state LIKE 'idle%' AND pid <> pg_backend_pid()
                            """) > 0);
            statement.execute("SELECT pg_advisory_unlock_all()");

            finish.get(60, TimeUnit.SECONDS);
        }
        shop.use();
    }

    /** Runs the steps until one of them exchanges the columns of a table; that one too, if it is wanted. */
    private void runUntilExchange(String verb, int exchanges) throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            int left = exchanges;
            for (String step : steps(statement, verb)) {
                if (step.contains("exchange_converted_columns") && left-- == 0) {
                    break;
                }
                statement.execute(step);
            }
            statement.execute("SELECT pg_advisory_unlock_all()");
        }
        new Shop(database).use();
    }

    private void run(String... verbs) throws SQLException {
        for (String verb : verbs) {
            runUntilExchange(verb, Integer.MAX_VALUE);
        }
    }

    /** Somebody thinks better of it in the middle. Whatever was done before, both directions end as if it had not been. */
    @ParameterizedTest
    @MethodSource("exchanges")
    void turnsBackFromTheMiddle(int exchanges) throws SQLException {
        Shop shop = Shop.open(database, Set.of());
        List<String> before = shop.description();
        shop.changelog(directory, ADD).update();
        shop.copy();
        List<String> added = shop.description();

        runUntilExchange("finish", exchanges);
        run("undo");
        assertThat(shop.description()).containsExactlyElementsOf(added);

        run("finish");
        List<String> finished = shop.description();
        runUntilExchange("undo", exchanges);
        run("finish");
        assertThat(shop.description()).containsExactlyElementsOf(finished);
        // What the undo had built would refuse this.
        database.execute(
                "INSERT INTO t.orders (id, customer) VALUES (3000000000, 1); DELETE FROM t.orders WHERE id = 3000000000");

        run("undo", "abandon");
        assertThat(shop.description()).containsExactlyElementsOf(before);
    }

    /** psql goes on after an error. The columns are not exchanged without a proof, nor a table before those that refer to it. */
    @Test
    void exchangesNothingThatIsNotReady() throws SQLException {
        copied();

        assertThatThrownBy(
                        () -> database.execute("SELECT exchange_converted_columns('widen', 'finish', 't.order_lines')"))
                .hasMessageContaining("nothing proves yet that order_id_twin of t.order_lines is equal to order_id");
        assertThatThrownBy(() -> database.execute("SELECT exchange_converted_columns('widen', 'finish', 't.orders')"))
                .hasMessageContaining("order_id of t.order_lines is to be exchanged first");
        assertThatThrownBy(() -> database.execute("SELECT end_column_conversion('widen', 'drop')"))
                .hasMessageContaining("column conversion 'widen' is not over: there is id_twin of t.orders");
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            assertThatThrownBy(
                            () -> statement.execute("SELECT exchange_converted_columns('widen', 'finish', 't.orders')"))
                    .hasMessageContaining("read committed");
            connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
        }
    }

    /** A list that was refused leaves no lock, and one that was looked at twice leaves one only. */
    @Test
    void leavesNoLockBehind() throws SQLException {
        Shop shop = Shop.open(database, Set.of());
        shop.changelog(directory, ADD).update();
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            assertThatThrownBy(() -> steps(statement, "finish")).hasMessageContaining("is not finished");
            assertThat(locks()).isZero();
            shop.copy();
            steps(statement, "finish");
            assertThat(locks()).isOne();
            for (String step : steps(statement, "finish")) {
                statement.execute(step);
            }
            assertThat(locks()).isZero();
        }
    }

    private long locks() {
        return database.number(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())");
    }

    /** A transaction that has taken a number and not written its row yet holds a lock on the sequence alone. */
    @Test
    void waitsForWhoeverHoldsTheSequence() throws Exception {
        Shop shop = copied();
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            List<CompletableFuture<Void>> commits = new ArrayList<>();
            shop.changelog(directory, ADD, FINISH)
                    .telling(message -> {
                        if (message.endsWith("exchange id, parent_id of t.orders and the twins")) {
                            execute(statement, "SELECT nextval('t.orders_id_seq')");
                            commits.add(CompletableFuture.runAsync(
                                    () -> execute(statement, "COMMIT"),
                                    CompletableFuture.delayedExecutor(1_500, TimeUnit.MILLISECONDS)));
                        }
                    })
                    .update();
            assertThat(commits).hasSize(1);
            commits.get(0).join();
        }
        shop.use();
    }

    private static void execute(Statement statement, String sql) {
        try {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
