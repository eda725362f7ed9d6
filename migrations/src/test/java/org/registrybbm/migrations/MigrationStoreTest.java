package org.registrybbm.migrations;

import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The contract on the server of {@code -Dbbm.test.pg}. */
@ExtendWith(PostgresExtension.class)
class MigrationStoreTest extends MigrationStoreContract {
    MigrationStoreTest(TestDatabase database) {
        super(database);
    }
}
