package org.registrybbm.migrations.running;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Somebody changed a migration's row in psql and went for lunch before the commit. */
@ExtendWith(PostgresExtension.class)
class OpenTransactionTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    OpenTransactionTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @Test
    void holdsUpNoOtherMigration() throws SQLException {
        fixture.items(1, 100).queueItems("held", "unknown work", 100);
        fixture.queueItems("healthy", ItemsWork.ADD_ONE, 100);
        try (Connection operator =
                open("UPDATE batched_background_migrations SET batch_size = 50 WHERE name = 'held'")) {
            fixture.engine(Map.of()).runToEnd(List.of("healthy"), StopSignal.NEVER);

            assertThat(fixture.status("healthy")).isEqualTo(MigrationStatus.FINISHED);
            operator.rollback();
        }
    }

    @Test
    void doesNotHoldUpItsOwnBatches() throws SQLException {
        fixture.items(1, 100).queueItems("held", ItemsWork.ADD_ONE, 100);
        BatchedMigrations engine = fixture.engine(Map.of());
        long job = fixture.firstDue();
        try (Connection operator = open("UPDATE batched_background_migrations SET batch_size = 50")) {
            assertThat(engine.runner().run(job, StopSignal.NEVER)).isInstanceOf(BatchOutcome.Finished.class);
            operator.rollback();
        }
        fixture.assertEachItemChangedOnce();
    }

    /** Claims are taken one after the other: one that waits would hold up those of all replicas. */
    @Test
    void doesNotHoldUpATakeover() throws SQLException {
        fixture.items(1, 100).queueItems("held", ItemsWork.ADD_ONE, 100);
        BatchedMigrations engine = fixture.engine(Map.of());
        long job = fixture.firstDue();
        database.execute("""
                UPDATE batched_background_migration_jobs
                SET lease_token = 1, lease_owner = 'dead', lease_until = clock_timestamp() - interval '1 second'
                """);
        try (Connection operator = open("SELECT * FROM batched_background_migrations FOR UPDATE")) {
            engine.runner().run(job, () -> true);

            assertThat(fixture.jobs("held", "takeover_count")).startsWith("1");
            operator.rollback();
        }
    }

    @Test
    void makesAPauseGiveUpAndSayWhy() throws SQLException {
        fixture.items(1, 100).queueItems("held", ItemsWork.ADD_ONE, 100);
        try (Connection operator = open("UPDATE batched_background_migrations SET batch_size = 50")) {
            assertThatThrownBy(() -> fixture.engine(Map.of()).store().pause(List.of()))
                    .isInstanceOf(DatabaseException.class)
                    .hasMessageContaining("lock timeout");
            operator.rollback();
        }
    }

    private Connection open(String sql) throws SQLException {
        Connection connection = database.getConnection();
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
        return connection;
    }
}
