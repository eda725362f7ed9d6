package org.registrybbm.migrations.liquibase.conversion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.registrybbm.migrations.liquibase.conversion.Shop.ADD;
import static org.registrybbm.migrations.liquibase.conversion.Shop.FINISH;
import static org.registrybbm.migrations.liquibase.conversion.Shop.UNDO;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.registrybbm.migrations.liquibase.ChangelogRun;
import org.registrybbm.migrations.testkit.OwnServer;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A primary key with two foreign keys to it is widened, narrowed and widened again while sessions read and write, an autovacuum is on the
 * tables, and a report reads them when columns are exchanged.
 *
 * <p>Long form: {@code ./mvnw test -pl migrations -am -Dtest=UnderLoadTest -Dsurefire.failIfNoSpecifiedTests=false
 * -Dconversion.orders=2000000 -Dconversion.reportSeconds=30}.
 */
@Tag("slow")
@EnabledIf("org.registrybbm.migrations.testkit.OwnServer#isPossible")
class UnderLoadTest {
    private static final Logger LOGGER = LoggerFactory.getLogger(UnderLoadTest.class);
    private static final long SHORT_FORM = 5_000;
    private static final long ORDERS = Long.getLong("conversion.orders", SHORT_FORM);
    // Sessions of a kind; each keeps a core busy.
    private static final int SESSIONS = ORDERS > SHORT_FORM ? 3 : 1;
    private static final int REPORT_SECONDS = Integer.getInteger("conversion.reportSeconds", 1);
    private static final int WARM_UP_SECONDS = Math.min(20, REPORT_SECONDS);

    // An autovacuum is on the tables nearly always, and takes its time.
    private static final Map<String, String> SETTINGS = Map.of(
            "fsync", "off",
            "autovacuum_naptime", "1s",
            "autovacuum_vacuum_cost_delay", "100ms",
            "autovacuum_vacuum_cost_limit", "100",
            "autovacuum_vacuum_threshold", "10",
            "autovacuum_vacuum_scale_factor", "0",
            "shared_buffers", "256MB",
            "max_wal_size", "4GB");

    private static final Pattern TABLE = Pattern.compile("\\bt\\.\\w+");

    private static final String AGAIN = "finishColumnConversion: {name: widen }";

    @TempDir
    Path directory;

    private final List<CompletableFuture<Void>> reports = new ArrayList<>();
    private int runs;

    @Test
    void nobodyNotices() throws Exception {
        try (OwnServer server = OwnServer.start(SETTINGS)) {
            TestDatabase database = server.database("shop", PostgresExtension.ENGINE_CHANGELOG);
            database.execute("""
                    CREATE SCHEMA t;
                    CREATE TABLE t.orders (
                        id serial PRIMARY KEY, customer int NOT NULL, parent_id int REFERENCES t.orders (id) ON DELETE SET NULL, note text
                    );
                    CREATE INDEX orders_customer ON t.orders (customer, id);
                    CREATE INDEX orders_parent ON t.orders (parent_id);
                    CREATE TABLE t.order_lines (
                        id serial PRIMARY KEY, order_id int NOT NULL REFERENCES t.orders (id) ON DELETE CASCADE, sku text NOT NULL,
                        UNIQUE (order_id, sku)
                    );
                    CREATE TABLE t.payments (id serial PRIMARY KEY, order_id int REFERENCES t.orders (id) ON DELETE SET NULL);
                    CREATE INDEX payments_order ON t.payments (order_id);
                    INSERT INTO t.orders (customer, note) SELECT i %% 1000, '' FROM generate_series(1, %1$d) AS i;
                    INSERT INTO t.order_lines (order_id, sku) SELECT i, 'a' FROM generate_series(1, %1$d) AS i;
                    INSERT INTO t.payments (order_id) SELECT i FROM generate_series(1, %1$d, 2) AS i;
                    """.formatted(ORDERS));
            database.execute("ANALYZE");
            Shop shop = new Shop(database);
            try (BusyShop sessions = BusyShop.open(database, ORDERS, SESSIONS, SESSIONS)) {
                TimeUnit.SECONDS.sleep(WARM_UP_SECONDS);
                LOGGER.warn("before: {} statements, the longest {} ms", sessions.done(), sessions.longest());

                run(sessions, shop.changelog(directory, ADD), database);
                long start = System.nanoTime();
                shop.copy();
                LOGGER.warn("copy: {} s, the longest statement {} ms", seconds(start), sessions.longest());
                run(sessions, shop.changelog(directory, ADD, FINISH), database);
                if (ORDERS > SHORT_FORM) {
                    run(sessions, shop.changelog(directory, ADD, FINISH, UNDO), database);
                    run(sessions, shop.changelog(directory, ADD, FINISH, UNDO, AGAIN), database);
                }

                // Each table that a statement reads changes once in a run, and then the statement fails once in a
                // session.
                assertThat(sessions.failures()).allSatisfy((what, times) -> {
                    assertThat(what).startsWith("run ").contains("| plain").contains("0A000");
                    assertThat((long) times)
                            .as(what)
                            .isLessThanOrEqualTo(TABLE.matcher(what)
                                    .results()
                                    .map(MatchResult::group)
                                    .distinct()
                                    .count());
                });
                LOGGER.warn(
                        "{} statements in all, {} failed with 0A000",
                        sessions.done(),
                        sessions.failures().size());
            }
            assertThat(database.text("""
                            SELECT concat_ws(' ',
                                (SELECT count(*) FROM t.orders WHERE id_twin IS DISTINCT FROM id OR parent_id_twin IS DISTINCT FROM parent_id),
                                (SELECT count(*) FROM t.order_lines WHERE order_id_twin IS DISTINCT FROM order_id),
                                (SELECT count(*) FROM t.payments WHERE order_id_twin IS DISTINCT FROM order_id),
                                (SELECT count(*) FROM t.order_lines l WHERE NOT EXISTS (SELECT FROM t.orders WHERE id = l.order_id)),
                                (SELECT count(*) FROM t.payments p
                                    WHERE order_id IS NOT NULL AND NOT EXISTS (SELECT FROM t.orders WHERE id = p.order_id)))
                            """)).isEqualTo("0 0 0 0 0");
            database.execute("""
                    SELECT setval('t.orders_id_seq', 2147483647);
                    INSERT INTO t.orders (customer) VALUES (1), (2)
                    """);
            ChangelogRun undo = shop.changelog(directory, "undoColumnConversion: {name: widen }");
            assertThatThrownBy(undo::update).hasMessageContaining("id of t.orders has 2 rows that no integer can hold");
        }
    }

    private void run(BusyShop sessions, ChangelogRun changelog, TestDatabase database) {
        runs++;
        long start = System.nanoTime();
        sessions.longest();
        List<String> waits = new ArrayList<>();
        String[] before = {""};
        long[] since = {start};
        changelog
                .telling(message -> {
                    if (!message.startsWith("column conversion")) {
                        return;
                    }
                    waits.add("%5d ms longest, %6.1f s: %s"
                            .formatted(sessions.longest(), (System.nanoTime() - since[0]) / 1e9, before[0]));
                    before[0] = message.substring(message.indexOf(", step") + 2);
                    since[0] = System.nanoTime();
                    sessions.during("run " + runs);
                    if (message.contains(", exchange ")) {
                        report(database);
                    }
                })
                .update();
        LOGGER.warn("{} s\n{}", seconds(start), String.join("\n", waits));
        reports.forEach(CompletableFuture::join);
        sessions.during("run " + runs);
    }

    /** Returns when a report has read the table and keeps its transaction open. */
    private void report(TestDatabase database) {
        CompletableFuture<Void> reading = new CompletableFuture<>();
        reports.add(CompletableFuture.runAsync(() -> {
            try (Connection connection = database.getConnection();
                    Statement statement = connection.createStatement()) {
                connection.setAutoCommit(false);
                statement.execute(
                        "SELECT count(*) FROM (SELECT FROM t.orders LIMIT 1000) AS o, (SELECT FROM t.order_lines LIMIT 1) AS l, (SELECT FROM t.payments LIMIT 1) AS p");
                long vacuums = database.number(
                        "SELECT count(*) FROM pg_stat_progress_vacuum WHERE relid IN ('t.orders'::regclass, 't.order_lines'::regclass, 't.payments'::regclass)");
                LOGGER.warn("a report reads, and {} autovacuums are on the tables", vacuums);
                reading.complete(null);
                statement.execute("SELECT pg_sleep(" + REPORT_SECONDS + ")");
                connection.commit();
            } catch (SQLException e) {
                reading.completeExceptionally(e);
                throw new IllegalStateException(e);
            }
        }));
        reading.join();
    }

    private static long seconds(long start) {
        return (System.nanoTime() - start) / 1_000_000_000;
    }
}
