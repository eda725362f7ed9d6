package org.registrybbm.examples;

import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.model.StopSignal;

/** Shows how to run a batched migration to its end with only a data source. */
public final class OneOff {
    private OneOff() {}

    /** Copies a column to a wider one. */
    public static RunResult widenUserIds(DataSource dataSource) {
        // snippet: one-off
        BatchedMigrations engine = BatchedMigrations.on(dataSource).build();
        engine.store()
                .queueIfAbsent(NewBatchedMigration.named("widen_user_ids")
                        .work("copyColumn", Map.of("from", "legacy_id", "to", "legacy_id_bigint"))
                        .table("public.users")
                        .byKey("id")
                        .build());
        RunResult result = engine.runToEnd(List.of("widen_user_ids"), StopSignal.NEVER);
        // end
        return result;
    }
}
