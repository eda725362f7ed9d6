package org.registrybbm.migrations.schema;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.MigrationStore;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A program starts only on a schema that it works with, and else says which command brings it there. */
@ExtendWith(PostgresExtension.class)
class SchemaVersionTest {
    private final TestDatabase database;
    private final MigrationStore store;

    SchemaVersionTest(TestDatabase database) {
        this.database = database;
        this.store = BatchedMigrations.on(database).build().store();
    }

    private void version(int version, int leastProgram) {
        database.execute("UPDATE batched_background_migration_schema SET version = %d, least_program = %d"
                .formatted(version, leastProgram));
    }

    @AfterEach
    void asItIs() {
        version(2, 1);
    }

    @Test
    void worksWithANewerSchemaThatIsStillCompatible() {
        version(7, 1);

        assertThatCode(store::requireSchema).doesNotThrowAnyException();
    }

    @Test
    void refusesASchemaThatIsTooOld() {
        version(0, 0);

        assertThatThrownBy(store::requireSchema)
                .isInstanceOf(SchemaNotMigratedException.class)
                .hasMessageContaining("it has version 0, and this program needs 2; run 'registry db migrate'");
    }

    @Test
    void refusesASchemaThatNoLongerWorksWithIt() {
        version(7, 5);

        assertThatThrownBy(store::requireSchema)
                .isInstanceOf(SchemaNotMigratedException.class)
                .hasMessageContaining(
                        "it has version 7, which works with programs from 5 on, and this one is 2; start a newer release");
    }

    @Test
    void refusesADatabaseWithoutOne() {
        TestDatabase empty = PostgresExtension.empty();
        try {
            assertThatThrownBy(() -> BatchedMigrations.on(empty).build().store().requireSchema())
                    .isInstanceOf(SchemaNotMigratedException.class)
                    .hasMessageContaining("there is no table batched_background_migrations; run 'registry db migrate'");
        } finally {
            PostgresExtension.drop(empty);
        }
    }
}
