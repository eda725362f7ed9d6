package org.registrybbm.migrations.cutting;

import java.sql.SQLException;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Rows whose column is NULL. */
@ExtendWith(PostgresExtension.class)
class NullPredicateBatchingTest extends BatchingStrategyContract {
    NullPredicateBatchingTest(TestDatabase database) {
        super(database);
    }

    @Override
    NewBatchedMigration definition(String signature, int batchSize) {
        return NewBatchedMigration.named("m")
                .work(signature)
                .table("t.things")
                .byNull("todo")
                .batchSize(batchSize)
                .build();
    }

    @Override
    long work(WorkContext context) throws SQLException {
        return context.update("n = n + 1, todo = 1");
    }
}
