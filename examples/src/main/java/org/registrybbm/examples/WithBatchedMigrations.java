package org.registrybbm.examples;

import javax.sql.DataSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.work.WorkFunction;

/** Shows the backfill of the comparison as a batched migration. */
public final class WithBatchedMigrations {
    private WithBatchedMigrations() {}

    // snippet: with-batched-migrations
    /** Queues the migration, which all replicas run: the cursor is committed with the rows, sizes adapt, the end is proved. */
    public static BatchedMigrations lowerCaseEmails(DataSource dataSource) {
        BatchedMigrations engine = BatchedMigrations.on(dataSource)
                .workFunction(
                        "lowerCaseEmails",
                        WorkFunction.update("email = lower(email)").withPending("email <> lower(email)"))
                .build();
        engine.store()
                .queueIfAbsent(NewBatchedMigration.named("lower_case_emails")
                        .work("lowerCaseEmails")
                        .table("shop.users")
                        .byKey("id")
                        .build());
        return engine;
    }
    // end
}
