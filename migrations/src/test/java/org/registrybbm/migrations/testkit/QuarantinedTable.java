package org.registrybbm.migrations.testkit;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A table {@code t.items} of some kind whose rows have entries in the quarantine, as many as a test wants. */
public enum QuarantinedTable {
    KEYS("PRIMARY KEY (id)", null, "id", "jsonb_build_object('id', id::text)"),
    TEXT_KEYS("PRIMARY KEY (status)", null, "status", "jsonb_build_object('status', status)"),
    COMPOSITE_KEYS(
            "PRIMARY KEY (status, id)", null, "status, id", "jsonb_build_object('id', id::text, 'status', status)"),
    FLOAT_KEYS("UNIQUE (f)", null, "id", "jsonb_build_object('f', f::text)"),
    KEYS_THAT_CAME_LATER("PRIMARY KEY (id)", null, "id", QuarantinedTable.VERSION),
    PARTITIONS("PRIMARY KEY (id)", null, "id", "jsonb_build_object('id', id::text)"),
    BLOCKS("PRIMARY KEY (id)", "BlockBatchingStrategy", "", "jsonb_build_object('id', id::text)"),
    BLOCKS_WITHOUT_KEY("CHECK (n >= 0)", "BlockBatchingStrategy", "", QuarantinedTable.VERSION),
    NULLS("PRIMARY KEY (id)", "NullKeySetBatchingStrategy", "v", "jsonb_build_object('id', id::text)"),
    NULLS_WITHOUT_KEY("CHECK (n >= 0)", "NullKeySetBatchingStrategy", "v", QuarantinedTable.VERSION),
    PREDICATE("PRIMARY KEY (id)", "PredicateBatchingStrategy", "", "jsonb_build_object('id', id::text)"),
    PREDICATE_WITH_FLOAT_KEYS(
            "UNIQUE (status, f)",
            "PredicateBatchingStrategy",
            "",
            "jsonb_build_object('status', status, 'f', f::text)");

    private static final String VERSION = """
            jsonb_build_object('tableoid', tableoid::bigint::text, 'ctid', ctid::text, 'xmin', xmin::text,
                'filenode', pg_relation_filenode(tableoid)::bigint::text)
            """;

    private final String constraint;
    private final Optional<String> strategy;
    private final String column;
    private final String identity;

    QuarantinedTable(String constraint, @Nullable String strategy, String column, String identity) {
        this.constraint = constraint;
        this.strategy = Optional.ofNullable(strategy);
        this.column = column;
        this.identity = identity;
    }

    /** Returns whether rows are met in the order of a key, so that a cursor tells which are done. */
    public boolean hasCursor() {
        return strategy.isEmpty();
    }

    /** Makes the table, with columns that the quarantine has too. */
    public void create(TestDatabase database, int rows) {
        database.execute("""
                CREATE TABLE t.items (
                    id bigint NOT NULL, status text NOT NULL, f float8 NOT NULL, n int NOT NULL DEFAULT 0, v bigint
                ) %1$s;
                CREATE INDEX ON t.items (id);
                CREATE INDEX ON t.items (v) WHERE v IS NULL
                """.formatted(this == PARTITIONS ? "PARTITION BY RANGE (id)" : ""));
        if (this == PARTITIONS) {
            database.execute("""
                    CREATE TABLE t.items_1 PARTITION OF t.items FOR VALUES FROM (MINVALUE) TO (%1$d);
                    CREATE TABLE t.items_2 PARTITION OF t.items FOR VALUES FROM (%1$d) TO (MAXVALUE)
                    """.formatted(rows / 2));
        }
        database.execute("""
                INSERT INTO t.items (id, status, f) SELECT i, 'it''s \\' || i, i * 0.1 FROM generate_series(1, %d) i;
                ALTER TABLE t.items ADD %s
                """.formatted(rows, constraint));
    }

    public long queue(EngineFixture fixture, String work, int batchSize, int subBatchSize) {
        return fixture.queue(work, strategy.orElse(null), column, batchSize, subBatchSize);
    }

    /** Puts rows of the table into the quarantine, each with a status by its key. */
    public void list(TestDatabase database, long migration, String status, String rows) {
        insert(database, migration, status, "t.items", "tableoid", rows);
    }

    /** Puts entries into the quarantine whose rows are not there any more. */
    public void listOthers(TestDatabase database, long migration, int count) {
        database.execute("""
                CREATE TABLE IF NOT EXISTS t.others AS
                SELECT i + 1000000 AS id, 'other ' || i AS status, i + 1000000.5::float8 AS f FROM generate_series(1, %d) i
                """.formatted(count));
        List<String> leaves =
                database.column("SELECT oid FROM pg_class WHERE relname ~ '^items(_[12])?$' AND relkind = 'r'");
        for (String leaf : leaves) {
            insert(database, migration, "'waived'", "t.others", leaf, "true");
        }
    }

    private void insert(TestDatabase database, long migration, String status, String from, String table, String rows) {
        database.execute("""
                INSERT INTO batched_background_migration_quarantined_rows
                    (batched_background_migration_id, table_oid, table_name, row_key, failure_message, status, waived_by,
                     waived_reason)
                SELECT %d, %s, 't.items', %s, 'of before', %s, 'jane', 'a test row'
                FROM %s
                WHERE %s
                """.formatted(migration, table, identity, status, from, rows));
    }
}
