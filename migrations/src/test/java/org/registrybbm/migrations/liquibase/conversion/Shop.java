package org.registrybbm.migrations.liquibase.conversion;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.liquibase.ChangelogRun;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Tables with all that can hang on a column that is to be widened, and what an application does with them. */
record Shop(TestDatabase database) {
    /** The changes of the conversion that most tests are about. */
    static final String ADD = "addColumnConversion: {name: widen, tableName: t.orders, columnName: id}";

    static final String FINISH = "finishColumnConversion: {name: widen}";

    static final String UNDO = "undoColumnConversion: {name: widen}";

    static final String DROP = "dropColumnConversion: {name: widen}";

    /** The columns are narrow, but those of the names between the angle brackets, which are wide in a reference. */
    private static final String TABLES = """
            CREATE TABLE t.orders (
                id <orders:serial> PRIMARY KEY,
                customer int NOT NULL,
                parent_id <orders> REFERENCES t.orders (id),
                status text NOT NULL DEFAULT 'open',
                note text,
                CONSTRAINT orders_id_positive CHECK (id > 0),
                CONSTRAINT "odd 'check'" CHECK (id <> 77777 OR note <> 'id'),
                CONSTRAINT orders_unchecked CHECK (parent_id <> id)
            );
            ALTER TABLE t.orders DROP CONSTRAINT orders_unchecked;
            ALTER TABLE t.orders ADD CONSTRAINT orders_unchecked CHECK (parent_id <> id) NOT VALID;
            CREATE INDEX orders_customer_id ON t.orders (customer, id DESC) INCLUDE (status);
            CREATE INDEX orders_open ON t.orders (id) WHERE status = 'open' AND id > 10;
            CREATE INDEX "orders bucket USING x" ON t.orders ((id % 100), customer);
            CREATE INDEX orders_parent_id ON t.orders (parent_id) WITH (fillfactor = 70);
            ALTER INDEX t."orders bucket USING x" ALTER COLUMN 1 SET STATISTICS 77;
            COMMENT ON COLUMN t.orders.id IS 'the order''s id';
            COMMENT ON CONSTRAINT orders_pkey ON t.orders IS 'the key';
            COMMENT ON INDEX t.orders_open IS 'those that are open';
            COMMENT ON CONSTRAINT orders_id_positive ON t.orders IS 'no other';
            COMMENT ON CONSTRAINT orders_parent_id_fkey ON t.orders IS 'the first of a series';
            GRANT SELECT (id, customer), UPDATE (id) ON t.orders TO PUBLIC;
            ALTER TABLE t.orders ALTER id SET STATISTICS 333, ALTER id SET (n_distinct = -1);
            CREATE STATISTICS t.orders_stats (ndistinct, mcv) ON id, customer FROM t.orders;
            COMMENT ON STATISTICS t.orders_stats IS 'both';
            ALTER STATISTICS t.orders_stats SET STATISTICS 55;
            CREATE STATISTICS t.orders_expression ON (id % 7) FROM t.orders;
            ALTER TABLE t.orders CLUSTER ON orders_customer_id;

            CREATE TABLE t.order_lines (
                id serial PRIMARY KEY,
                order_id <orders> NOT NULL DEFAULT 1 REFERENCES t.orders (id) ON DELETE CASCADE,
                sku text NOT NULL,
                CONSTRAINT order_lines_once UNIQUE (order_id, sku)
            );
            ALTER TABLE t.order_lines REPLICA IDENTITY USING INDEX order_lines_once;

            CREATE TABLE t.payments (
                id <payments> GENERATED ALWAYS AS IDENTITY (START 5 INCREMENT 3 CACHE 4) PRIMARY KEY,
                order_id <orders> REFERENCES t.orders (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED
            );
            GRANT USAGE ON SEQUENCE t.payments_id_seq TO PUBLIC;
            COMMENT ON SEQUENCE t.payments_id_seq IS 'numbers';
            CREATE INDEX payments_order_id ON t.payments (order_id);

            CREATE TABLE t.tags (
                tenant smallint NOT NULL,
                "No ""x""\" <tags> NOT NULL,
                PRIMARY KEY (tenant, "No ""x""\")
            );
            CREATE TABLE t."Tag uses" (
                tenant smallint,
                "No ""x""\" <tags>,
                CONSTRAINT "uses tag" FOREIGN KEY (tenant, "No ""x""\") REFERENCES t.tags ON DELETE RESTRICT ON UPDATE RESTRICT
            );
            """;

    private static final String ROWS = """
            INSERT INTO t.orders (customer, parent_id, status)
            SELECT i % 50, CASE WHEN i > 5 THEN i / 2 END, CASE WHEN i % 3 = 0 THEN 'open' ELSE 'done' END
            FROM generate_series(1, 300) AS i;
            INSERT INTO t.order_lines (order_id, sku) SELECT i, 'a' FROM generate_series(1, 300) AS i;
            INSERT INTO t.payments (order_id) SELECT nullif(i, 7) FROM generate_series(1, 200) AS i;
            INSERT INTO t.tags SELECT i % 3, i FROM generate_series(1, 50) AS i;
            INSERT INTO t."Tag uses" SELECT tenant, "No ""x""\" FROM t.tags;
            INSERT INTO t."Tag uses" VALUES (1, NULL), (NULL, NULL);
            """;

    /** All that is in the schema, without the order of columns and the numbers of objects. */
    private static final String DESCRIPTION = """
            SELECT concat_ws(' ', 'column', c.oid::regclass, quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), a.attnotnull,
                'default', pg_get_expr(d.adbin, d.adrelid), 'identity', a.attidentity, 'comment', col_description(c.oid, a.attnum),
                'grants', (SELECT string_agg(g::text, ' ' ORDER BY g::text) FROM unnest(a.attacl) AS g),
                'statistics', nullif(a.attstattarget, -1), a.attoptions) AS line
            FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid
            LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
            WHERE c.relnamespace = 't'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
            UNION ALL
            SELECT concat_ws(' ', 'constraint', k.conrelid::regclass, quote_ident(k.conname), pg_get_constraintdef(k.oid),
                'comment', obj_description(k.oid, 'pg_constraint'))
            FROM pg_constraint k
            WHERE k.connamespace = 't'::regnamespace AND k.conrelid <> 0
            UNION ALL
            SELECT concat_ws(' ', 'index', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisclustered, i.indisreplident,
                'comment', obj_description(i.indexrelid, 'pg_class'), 'statistics', (
                    SELECT string_agg(a.attnum || ':' || a.attstattarget, ' ')
                    FROM pg_attribute a
                    WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0
                ))
            FROM pg_index i
            JOIN pg_class c ON c.oid = i.indrelid
            WHERE c.relnamespace = 't'::regnamespace
            UNION ALL
            SELECT concat_ws(' ', 'statistics', e.stxname, e.stxkind, nullif(e.stxstattarget, -1), (
                    SELECT string_agg(quote_ident(a.attname), ' ' ORDER BY a.attname)
                    FROM pg_attribute a
                    WHERE a.attrelid = e.stxrelid AND a.attnum = ANY (e.stxkeys)
                ), CASE WHEN e.stxexprs IS NOT NULL THEN pg_get_statisticsobjdef(e.oid) END,
                'comment', obj_description(e.oid, 'pg_statistic_ext'))
            FROM pg_statistic_ext e
            WHERE e.stxnamespace = 't'::regnamespace
            UNION ALL
            SELECT concat_ws(' ', 'sequence', c.relname, q.seqtypid::regtype, q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache,
                q.seqcycle, 'grants', (SELECT string_agg(g::text, ' ' ORDER BY g::text) FROM unnest(c.relacl) AS g),
                'comment', obj_description(c.oid, 'pg_class'), 'of', (
                    SELECT quote_ident(a.attname)
                    FROM pg_depend o
                    JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
                    WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid AND o.deptype IN ('a', 'i')
                ))
            FROM pg_sequence q
            JOIN pg_class c ON c.oid = q.seqrelid
            WHERE c.relnamespace = 't'::regnamespace
            UNION ALL
            SELECT concat_ws(' ', 'trigger', g.tgrelid::regclass, g.tgname, g.tgenabled)
            FROM pg_trigger g
            JOIN pg_class c ON c.oid = g.tgrelid
            WHERE c.relnamespace = 't'::regnamespace AND NOT g.tgisinternal
            UNION ALL
            SELECT concat_ws(' ', 'function', f.oid::regprocedure)
            FROM pg_proc f
            WHERE f.pronamespace = 't'::regnamespace
            ORDER BY 1
            """;

    /** Makes the tables, some of whose columns are wide, and fills them. */
    static Shop open(TestDatabase database, Set<String> wide) {
        EngineFixture.clean(database);
        database.execute("DELETE FROM batched_background_migration_conversions");
        String tables = TABLES;
        for (String name : List.of("orders", "payments", "tags")) {
            boolean isWide = wide.contains(name);
            tables = tables.replace("<" + name + ":serial>", isWide ? "bigserial" : "serial")
                    .replace("<" + name + ">", isWide ? "bigint" : "integer");
        }
        database.execute(tables + ROWS);
        return new Shop(database);
    }

    List<String> description() {
        return database.column(DESCRIPTION);
    }

    /** Runs the batched migrations to their end. */
    void copy() {
        List<String> names = database.column(
                "SELECT migration FROM batched_background_migration_conversion_columns ORDER BY position");
        RunResult result = BatchedMigrations.on(database).build().runToEnd(names, StopSignal.NEVER);
        assertThat(result.isComplete()).as(String.valueOf(result)).isTrue();
    }

    /** A changelog of changesets that each have one change. */
    ChangelogRun changelog(Path directory, String... changes) {
        return ChangelogRun.of(
                database,
                directory,
                "changes.yaml",
                Arrays.stream(changes)
                        .map(change -> """
                                - changeSet:
                                    id: %s
                                    author: test
                                    runInTransaction: false
                                    changes:
                                    - %s
                                """.formatted(Integer.toString(change.hashCode()), change))
                        .collect(Collectors.joining("", "databaseChangeLog:\n", "")));
    }

    /** What an application does all the time. It works at any moment of a conversion, and finds its own rows right. */
    void use() {
        database.execute("""
                BEGIN;
                INSERT INTO t.orders (customer) VALUES (1);
                INSERT INTO t.orders (customer, parent_id) SELECT 2, max(id) FROM t.orders;
                INSERT INTO t.order_lines (order_id, sku) SELECT max(id), 'b' FROM t.orders;
                INSERT INTO t.payments (order_id) SELECT max(id) FROM t.orders;
                UPDATE t.orders SET note = 'x' WHERE id = (SELECT max(id) FROM t.orders);
                UPDATE t.payments SET order_id = 3 WHERE order_id = 4;
                UPDATE t.payments SET order_id = 4 WHERE order_id = 3;
                COMMIT;
                """);
        assertThat(database.text("""
                        SELECT count(*) || ' ' || (SELECT count(*) FROM t.payments WHERE order_id = o.id)
                        FROM t.orders o
                        JOIN t.order_lines l ON l.order_id = o.id
                        WHERE o.id = (SELECT max(id) FROM t.orders) AND o.parent_id = o.id - 1 AND o.note = 'x'
                        GROUP BY o.id
                        """)).isEqualTo("1 1");
        long last = database.number("SELECT max(id) FROM t.orders");
        long paid = database.number("SELECT max(id) FROM t.payments");
        database.execute("DELETE FROM t.orders WHERE id = " + last);
        assertThat(database.number("SELECT count(*) FROM t.order_lines WHERE order_id = " + last))
                .as("lines of an order that is gone")
                .isZero();
        assertThat(database.text("SELECT order_id FROM t.payments WHERE id = " + paid))
                .as("the order of a payment whose order is gone")
                .isEqualTo("null");
        assertThat(database.number("""
                        SELECT count(*)
                        FROM t.payments p
                        WHERE order_id IS NOT NULL AND NOT EXISTS (SELECT FROM t.orders WHERE id = p.order_id)
                        """)).isZero();
    }
}
