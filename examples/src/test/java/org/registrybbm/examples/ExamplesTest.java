package org.registrybbm.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** What docs/writing-a-migration.md shows does what it says. */
@ExtendWith(PostgresExtension.class)
class ExamplesTest {
    private static final String TABLES = """
            CREATE SCHEMA shop;
            CREATE TABLE shop.orders (
                tenant uuid NOT NULL, id bigint NOT NULL, total numeric, PRIMARY KEY (tenant, id)
            ) PARTITION BY HASH (tenant);
            CREATE TABLE shop.orders_0 PARTITION OF shop.orders FOR VALUES WITH (MODULUS 2, REMAINDER 0);
            CREATE TABLE shop.orders_1 PARTITION OF shop.orders FOR VALUES WITH (MODULUS 2, REMAINDER 1);
            CREATE TABLE shop.order_lines (order_id bigint, price numeric);
            CREATE INDEX ON shop.order_lines (order_id);
            INSERT INTO shop.orders SELECT gen_random_uuid(), n FROM generate_series(1, 500) AS n;
            INSERT INTO shop.order_lines SELECT n, n FROM generate_series(1, 500) AS n;
            CREATE TABLE shop.customers (email text);
            INSERT INTO shop.customers SELECT 'Jane' || n FROM generate_series(1, 500) AS n;
            CREATE TABLE shop.people (email text);
            CREATE INDEX ON shop.people (email) WHERE email <> lower(email);
            INSERT INTO shop.people SELECT 'Jane' || n FROM generate_series(1, 500) AS n
            """;

    @Test
    void everyStrategyOfTheBookRunsToItsEnd(TestDatabase database) {
        database.execute(TABLES);
        database.execute("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name,
                     batching_strategy)
                VALUES
                    ('sum_order_lines', 0, 0, 10000, 1, 'sumOrderLines', 'shop.orders', 'tenant, id', NULL),
                    ('lower_case_by_blocks', 0, 0, 10000, 1, 'lowerCaseEmails', 'shop.customers', 'email',
                     'BlockBatchingStrategy'),
                    ('lower_case_by_predicate', 0, 0, 10000, 1, 'lowerCaseEmails', 'shop.people', 'email',
                     'PredicateBatchingStrategy')
                """);
        BatchedMigrations engine = BatchedMigrations.on(database)
                .workFunctions(new OrderWorkFunctions())
                .build();
        assertThat(engine.runToEnd(List.of(), StopSignal.NEVER).isComplete()).isTrue();

        assertThat(database.number("SELECT count(*) FROM shop.orders WHERE total = id"))
                .isEqualTo(500);
        assertThat(database.number("SELECT count(*) FROM shop.customers WHERE email <> lower(email)"))
                .isZero();
        assertThat(database.number("SELECT count(*) FROM shop.people WHERE email <> lower(email)"))
                .isZero();
        assertThat(database.number("SELECT count(*) FROM batched_background_migrations WHERE verified_at IS NULL"))
                .isZero();
    }
}
