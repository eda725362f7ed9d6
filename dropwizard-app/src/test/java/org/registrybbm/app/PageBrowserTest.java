package org.registrybbm.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.app.browser.Chromium;
import org.registrybbm.app.browser.Tab;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The page in a real browser: what only a browser shows. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
@EnabledIf("org.registrybbm.app.browser.Chromium#isThere")
class PageBrowserTest {
    /** Where the pictures go: below the build, or into the documents. */
    private static final Path PICTURES = Path.of(System.getProperty("bbm.pictures", "target/pictures"));

    private static HostApplication application;
    private static TestDatabase database;
    private static Chromium browser;
    private static Tab tab;
    private static String axe;

    @BeforeAll
    static void open(TestDatabase migrated) throws Exception {
        database = migrated;
        database.execute("""
                CREATE TABLE users (id bigint PRIMARY KEY, small int NOT NULL, wide bigint);
                CREATE TABLE orders (id bigint PRIMARY KEY, small int NOT NULL, wide bigint CHECK (wide % 500 <> 0));
                CREATE TABLE blobs (id bigint PRIMARY KEY, small int NOT NULL, wide bigint);
                INSERT INTO users SELECT n, n FROM generate_series(1, 300000) AS n;
                INSERT INTO orders SELECT n, n FROM generate_series(1, 1500) AS n;
                INSERT INTO blobs SELECT n, n FROM generate_series(1, 100) AS n;
                ANALYZE;
                UPDATE batched_background_migration_budgets SET rows_per_second = 1000 WHERE scope = 'fleet';
                """);
        queue("widen_users_id", "users", 1);
        queue("widen_orders_id", "orders", 0);
        queue("copy_blob_sizes", "blobs", 0);
        queue("count_blobs", "blobs", 1);
        pretendAnHourOfWork();
        application = HostApplication.serveWithTokens(database.url());
        try (InputStream script = PageBrowserTest.class.getResourceAsStream("/axe.min.js")) {
            axe = new String(Objects.requireNonNull(script).readAllBytes(), StandardCharsets.UTF_8);
        }
        browser = Chromium.start();
        tab = browser.open();
    }

    /** As if replicas had worked on it for nearly an hour, with a pause of eight minutes in between. */
    private static void pretendAnHourOfWork() {
        database.execute("""
                INSERT INTO batched_background_migration_samples
                    (batched_background_migration_id, slot, at, covered_tuple_count, migrated_tuple_count)
                SELECT m.id, s.slot, to_timestamp(s.slot * 10),
                    sum(s.rows) OVER (ORDER BY s.slot), sum(s.rows) OVER (ORDER BY s.slot)
                FROM batched_background_migrations m
                CROSS JOIN (
                    SELECT now.slot - back AS slot, (9000 + 1500 * sin(back / 17.0) + 700 * sin(back / 3.0))::bigint AS rows
                    FROM (SELECT floor(extract(epoch FROM now()) / 10)::bigint AS slot) AS now
                    CROSS JOIN generate_series(2, 330) AS back
                    WHERE back NOT BETWEEN 150 AND 198
                ) AS s
                WHERE m.name = 'widen_users_id';
                INSERT INTO batched_background_migration_events (batched_background_migration_id, at, event, actor, via, reason)
                SELECT m.id, now() - past.age, past.event, 'ana@pod-7', 'cli', past.reason
                FROM batched_background_migrations m
                CROSS JOIN (VALUES (interval '33 min', 'paused', 'replica lag, INC-812'), (interval '25 min', 'started', NULL))
                    AS past (age, event, reason)
                WHERE m.name = 'widen_users_id'
                """);
    }

    private static void queue(String name, String table, int status) {
        database.execute("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name)
                VALUES ('%s', 1, 9223372036854775807, 1000, %d, 'copyIt', 'public.%s', 'id')
                """.formatted(name, status, table));
    }

    @AfterAll
    static void close() throws Exception {
        tab.close();
        browser.close();
        application.stop();
    }

    private static String address(String path) {
        return application.admin("/bbm/" + path).toString();
    }

    private static long id(String name) {
        return database.number("SELECT id FROM batched_background_migrations WHERE name = ?", name);
    }

    @Test
    void isReadAndOperatedByKeyboardAndHasNothingToComplainOf() throws Exception {
        tab.screen(1_200, 900, false, false);
        tab.go(address(""));
        tab.await("document.activeElement.id === 'token'");
        tab.type(HostApplication.OPERATE);
        tab.press("Enter");
        tab.await("document.querySelectorAll('.migrations li').length >= 3");

        // It moves without being loaded again.
        tab.evaluate("window.loaded = 'once'");
        String before = tab.evaluate("document.querySelector('.at_work .percent').textContent")
                .textValue();
        tab.await("document.querySelector('.at_work .percent').textContent !== '" + before + "'");
        // What happens while somebody looks is news, and only that is spoken.
        database.execute("UPDATE batched_background_migrations SET status = 1 WHERE name = 'widen_orders_id'");
        tab.await("document.querySelector('.needs_you .name')?.textContent === 'widen_orders_id'");
        tab.await("document.getElementById('spoken').textContent.startsWith('1 needs you')");
        assertThat(tab.evaluate("window.loaded").textValue()).isEqualTo("once");
        tab.await(
                "document.querySelector('.at_work .spark polyline') !== null || document.querySelector('.at_work .rate').textContent !== ''");
        inspect("overview");

        // Down to the second row, into it, and pause it with a reason.
        focus("widen_users_id");
        tab.press("Enter");
        tab.await("document.querySelector('h1').textContent === 'widen_users_id'");
        tab.await("document.querySelector('svg.map') !== null");
        tab.await("document.querySelector('svg.chart') !== null");
        inspect("migration");
        tab.press("p");
        tab.await("document.activeElement.id === 'reason'");
        inspect("confirm");
        tab.type("replica lag, INC-812");
        tab.press("Enter");
        tab.await("document.body.textContent.includes('paused by jane (page)')");
        assertThat(database.number("SELECT status FROM batched_background_migrations WHERE name = 'widen_users_id'"))
                .isZero();
        tab.press("p");
        tab.await("document.activeElement.id === 'reason'");
        tab.press("Enter");
        tab.await("document.querySelector('.status')?.textContent !== 'paused' && location.pathname.endsWith('/m/"
                + id("widen_users_id") + "')");

        // Rows: leave one as it is, and try the others again.
        tab.go(address("m/" + id("widen_orders_id") + "/rows"));
        tab.await("document.querySelectorAll('input[type=checkbox]').length === 3");
        inspect("rows");
        tab.evaluate("document.querySelector('input[type=checkbox]').focus()");
        tab.press(" ");
        tab.evaluate("document.getElementById('waive').focus()");
        tab.press("Enter");
        tab.await("document.activeElement.id === 'reason'");
        tab.type("deleted on Friday");
        tab.press("Enter");
        tab.await("document.body.textContent.includes('waived by jane: deleted on Friday')");
        database.execute("""
                ALTER TABLE orders DROP CONSTRAINT orders_wide_check;
                UPDATE batched_background_migration_budgets SET rows_per_second = NULL
                """);
        tab.evaluate("document.getElementById('retry').focus()");
        tab.press("Enter");
        tab.await("document.activeElement.id === 'reason'");
        tab.press("Enter");
        tab.await("document.querySelector('.status')?.textContent === 'finished'");

        for (String view : new String[] {"replicas", "budgets", "events"}) {
            tab.go(address(view));
            tab.await("document.querySelectorAll('tbody tr').length > 0");
            inspect(view);
        }
        assertThat(tab.console()).isEmpty();
    }

    /** Goes down with the key j until a row has the focus. */
    private static void focus(String name) throws Exception {
        for (int i = 0; i < 10; i++) {
            tab.press("j");
            if (tab.evaluate("document.activeElement.textContent").textValue().equals(name)) {
                return;
            }
        }
        throw new AssertionError("the key j does not lead to " + name);
    }

    /** Takes pictures on a desk and on a phone, in light and dark, and lets axe look at the light desk and the dark phone. */
    private static void inspect(String view) throws Exception {
        for (boolean dark : new boolean[] {false, true}) {
            for (boolean phone : new boolean[] {false, true}) {
                tab.screen(phone ? 390 : 1_200, phone ? 844 : 900, phone, dark);
                tab.picture(
                        PICTURES.resolve("page-" + view + (phone ? "-phone" : "") + (dark ? "-dark" : "") + ".png"));
                if (phone == dark) {
                    JsonNode found = tab.evaluate(
                            axe
                                    + ";axe.run().then(all => all.violations.map(one => one.id + ': ' + one.nodes.map(node => node.html).join(' ')))");
                    assertThat(found).as("axe on %s, phone %s", view, phone).isEmpty();
                }
                assertThat(tab.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
                                .booleanValue())
                        .as("%s fits a screen, phone %s", view, phone)
                        .isTrue();
            }
        }
        tab.screen(1_200, 900, false, false);
    }
}
