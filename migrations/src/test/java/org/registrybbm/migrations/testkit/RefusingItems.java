package org.registrybbm.migrations.testkit;

import java.util.List;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A table {@code t.items} with constraints that refuse to have some of its rows changed, and {@code t.keys} to refer to. */
public record RefusingItems(TestDatabase database, int rows) {
    /** Makes the table; the constraints stand behind its columns. */
    public void create(String constraints) {
        database.execute("CREATE TABLE t.keys (k int PRIMARY KEY); INSERT INTO t.keys VALUES (1)");
        database.execute("""
                CREATE TABLE t.items (
                    id bigint NOT NULL, k int NOT NULL, bad boolean NOT NULL DEFAULT false, v int, n int NOT NULL DEFAULT 0, %s
                );
                CREATE INDEX ON t.items (k);
                CREATE INDEX ON t.items (v) WHERE v IS NULL;
                INSERT INTO t.items (id, k) SELECT i, i / 7 FROM generate_series(1, %d) i
                """.formatted(constraints, rows));
    }

    /** Rows that were not changed exactly once, each with how often. */
    public List<String> notOnce() {
        return database.column("SELECT id || ': ' || n FROM t.items WHERE n <> 1 ORDER BY id LIMIT 50");
    }
}
