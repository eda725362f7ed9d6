package org.registrybbm.examples;

import org.registrybbm.migrations.BatchedMigrations;

/** Shows how a program takes another way through its code as soon as a batched migration is finished. */
public final class NewColumn {
    private NewColumn() {}

    /** Returns the column to read, for each request. */
    public static String toRead(BatchedMigrations engine) {
        // snippet: gate-in-code
        String column = engine.gate().isFinished("widen_legacy_id") ? "legacy_id_bigint" : "legacy_id";
        // end
        return column;
    }
}
