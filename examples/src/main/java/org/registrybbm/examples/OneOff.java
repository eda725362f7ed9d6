package org.registrybbm.examples;

import java.util.List;
import javax.sql.DataSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.model.StopSignal;

/** A batched migration run to its end, with a data source and nothing else. */
public final class OneOff {
    private OneOff() {}

    /** Widens a column. */
    public static RunResult widenUserIds(DataSource dataSource) {
        // snippet: one-off
        BatchedMigrations engine = BatchedMigrations.on(dataSource).build();
        engine.store()
                .queue(NewBatchedMigration.named("widen_user_ids")
                        .work(
                                "copyColumn",
                                "{\"from\": \"legacy_id\", \"to\": \"legacy_id_bigint\", \"cast\": \"bigint\"}")
                        .table("public.users")
                        .byKey("id")
                        .batchSize(10_000)
                        .build());
        RunResult result = engine.runToEnd(List.of("widen_user_ids"), StopSignal.NEVER);
        // end
        return result;
    }
}
