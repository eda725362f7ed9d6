package org.registrybbm.examples;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.registrybbm.testkit.MigrationExtension;
import org.registrybbm.testkit.MigrationTester;

/** The ten migrations of the shop do what they say, though replicas are killed on the way. */
@Execution(ExecutionMode.CONCURRENT)
class ShopMigrationsTest {
    // snippet: test-kit
    @RegisterExtension
    static final MigrationExtension MIGRATIONS = MigrationExtension.with(new ShopWork());

    @Test
    void doublesPointsOnceThoughReplicasAreKilled(MigrationTester tester) {
        tester.execute("UPDATE shop.users SET points = 7");

        tester.runAndKill(ShopMigrations.doublePoints())
                .assertFinished()
                .assertReplicasKilled(2)
                .assertEachChangedOnce(250);

        assertThat(tester.number("SELECT count(*) FROM shop.users WHERE points = 14"))
                .isEqualTo(250);
    }
    // end

    @BeforeEach
    void shop(MigrationTester tester) {
        tester.execute("""
                CREATE SCHEMA shop;
                CREATE TABLE shop.users (
                    id bigint PRIMARY KEY, legacy_id int, legacy_id_bigint bigint, country text, email text, name text,
                    profile jsonb NOT NULL DEFAULT '{}', points int
                );
                CREATE INDEX ON shop.users (country) WHERE country IS NULL;
                CREATE INDEX ON shop.users (email) WHERE email <> lower(email);
                INSERT INTO shop.users (id, legacy_id, country, email, name)
                SELECT n, n * 10, CASE WHEN n % 2 = 0 THEN 'fr' END, CASE WHEN n % 5 = 0 THEN 'J' ELSE 'j' END || n,
                    'Jane D' || n
                FROM generate_series(1, 500) AS n;

                CREATE TABLE shop.visits (id bigint PRIMARY KEY, seen_local timestamp, seen_at timestamptz);
                INSERT INTO shop.visits SELECT n, date '2025-01-01' + n + time '12:00' FROM generate_series(1, 500) AS n;

                CREATE SEQUENCE shop.log_lines_id_seq;
                CREATE TABLE shop.log_lines (id bigint, line text);
                INSERT INTO shop.log_lines SELECT NULL, 'line ' || n FROM generate_series(1, 500) AS n;

                CREATE TABLE shop.orders (tenant int, id bigint, closed boolean, PRIMARY KEY (tenant, id))
                    PARTITION BY HASH (tenant);
                CREATE TABLE shop.orders_0 PARTITION OF shop.orders FOR VALUES WITH (MODULUS 2, REMAINDER 0);
                CREATE TABLE shop.orders_1 PARTITION OF shop.orders FOR VALUES WITH (MODULUS 2, REMAINDER 1);
                CREATE TABLE shop.closed_orders (LIKE shop.orders);
                INSERT INTO shop.orders SELECT n % 3, n, n % 2 = 0 FROM generate_series(1, 500) AS n;

                CREATE TABLE shop.documents (id bigint PRIMARY KEY, body bytea NOT NULL, sha256 bytea);
                INSERT INTO shop.documents SELECT n, ('document ' || n)::bytea FROM generate_series(1, 500) AS n
                """);
    }

    @Test
    void widensLegacyIds(MigrationTester tester) {
        tester.runAndKill(ShopMigrations.widenLegacyIds())
                .assertVerified()
                .assertReplicasKilled(2)
                .assertEachChangedOnce(500);

        assertThat(tester.number("SELECT count(*) FROM shop.users WHERE legacy_id_bigint = legacy_id"))
                .isEqualTo(500);
    }

    @Test
    void readsVisitTimes(MigrationTester tester) {
        tester.runAndKill(ShopMigrations.readVisitTimes()).assertVerified().assertEachChangedOnce(500);

        assertThat(tester.database().text("SELECT seen_at AT TIME ZONE 'UTC' FROM shop.visits WHERE id = 200"))
                .isEqualTo("2025-07-20 10:00:00");
    }

    @Test
    void fillsCountries(MigrationTester tester) {
        tester.runAndKill(ShopMigrations.fillCountries()).assertVerified().assertEachChangedOnce(250);

        assertThat(tester.number("SELECT count(*) FROM shop.users WHERE country = 'fr'"))
                .isEqualTo(250);
    }

    @Test
    void numbersLogLines(MigrationTester tester) {
        tester.run(ShopMigrations.numberLogLines()).assertVerified();

        assertThat(tester.number("SELECT count(DISTINCT id) FROM shop.log_lines"))
                .isEqualTo(500);
    }

    @Test
    void lowersTheCaseOfEmails(MigrationTester tester) {
        tester.runAndKill(ShopMigrations.lowerCaseEmails()).assertVerified().assertEachChangedOnce(100);
    }

    @Test
    void splitsNames(MigrationTester tester) {
        tester.runAndKill(ShopMigrations.splitNames()).assertVerified().assertEachChangedOnce(500);

        assertThat(tester.database().text("SELECT profile FROM shop.users WHERE id = 3"))
                .isEqualTo("{\"last\": \"D3\", \"first\": \"Jane\"}");
    }

    @Test
    void forgetsVisits(MigrationTester tester) {
        tester.run(ShopMigrations.readVisitTimes()).assertVerified();

        tester.runAndKill(ShopMigrations.forgetVisits()).assertFinished().assertEachChangedOnce(364);

        assertThat(tester.number("SELECT count(*) FROM shop.visits")).isEqualTo(136);
    }

    @Test
    void archivesOrders(MigrationTester tester) {
        tester.runAndKill(ShopMigrations.archiveOrders()).assertFinished().assertEachChangedOnce(250);

        assertThat(tester.number("SELECT count(*) FROM shop.orders WHERE closed"))
                .isZero();
        assertThat(tester.number("SELECT count(*) FROM shop.closed_orders")).isEqualTo(250);
    }

    @Test
    void hashesDocuments(MigrationTester tester) {
        tester.runAndKill(ShopMigrations.hashDocuments()).assertVerified().assertEachChangedOnce(500);

        assertThat(tester.number("SELECT count(*) FROM shop.documents WHERE sha256 = sha256(body)"))
                .isEqualTo(500);
    }
}
