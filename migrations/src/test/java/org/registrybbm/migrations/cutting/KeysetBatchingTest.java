package org.registrybbm.migrations.cutting;

import java.sql.SQLException;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Ranges of the key. */
@ExtendWith(PostgresExtension.class)
class KeysetBatchingTest extends BatchingStrategyContract {
    KeysetBatchingTest(TestDatabase database) {
        super(database);
    }

    @Override
    NewBatchedMigration definition(String signature, int batchSize) {
        return NewBatchedMigration.named("m")
                .work(signature)
                .table("t.things")
                .byKey("id")
                .batchSize(batchSize)
                .build();
    }

    @Override
    long work(WorkContext context) throws SQLException {
        return context.update("n = n + 1");
    }
}
