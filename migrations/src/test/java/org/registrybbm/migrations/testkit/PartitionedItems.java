package org.registrybbm.migrations.testkit;

import org.registrybbm.testkit.postgres.TestDatabase;

/** A partitioned table {@code t.items} of 400 rows. */
public final class PartitionedItems {
    public static final String HALVES = """
            RANGE (p);
            CREATE TABLE t.low PARTITION OF t.items FOR VALUES FROM (0) TO (5);
            CREATE TABLE t.high PARTITION OF t.items FOR VALUES FROM (5) TO (10)
            """;

    private PartitionedItems() {}

    /**
     * Makes it.
     *
     * @param partitions what stands behind {@code PARTITION BY}, and the statements that make the partitions
     */
    public static void create(TestDatabase database, String partitions) {
        database.execute("""
                CREATE TABLE t.items (
                    p int NOT NULL, k text NOT NULL, id bigint NOT NULL, v int, n int NOT NULL DEFAULT 0
                ) PARTITION BY %s;
                CREATE INDEX ON t.items (k);
                CREATE INDEX ON t.items (id);
                CREATE INDEX ON t.items (v) WHERE v IS NULL;
                INSERT INTO t.items (p, k, id) SELECT i %% 10, 'k' || i, i FROM generate_series(1, 400) i
                """.formatted(partitions));
    }
}
