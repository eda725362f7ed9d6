package org.registrybbm.migrations.running;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.OneConnection;
import org.registrybbm.migrations.testkit.Outage;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PgServer;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A schema that is not migrated, and a database that is gone. */
@ExtendWith(PostgresExtension.class)
class DatabaseTroubleTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    DatabaseTroubleTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @Test
    void saysWhichCommandMigratesTheSchema() {
        TestDatabase empty = PostgresExtension.empty();
        try {
            BatchedMigrations engine = BatchedMigrations.on(empty).build();
            Stream.<Runnable>of(
                            () -> engine.store().requireSchema(),
                            () -> engine.store().list(List.of()),
                            () -> engine.status().overviews(List.of()),
                            () -> engine.store().pause(List.of()),
                            () -> engine.planner().plan(),
                            () -> engine.runner().run(1, StopSignal.NEVER),
                            () -> engine.runToEnd(List.of(), StopSignal.NEVER))
                    .forEach(call -> assertThatThrownBy(call::run)
                            .isInstanceOf(SchemaNotMigratedException.class)
                            .hasMessageContaining("batched_background_migration")
                            .hasMessageContaining("run 'registry db migrate'"));
        } finally {
            PostgresExtension.drop(empty);
        }
    }

    @Test
    void saysWhichColumnIsMissing() {
        TestDatabase old = PostgresExtension.migrated();
        try {
            old.execute("ALTER TABLE batched_background_migration_jobs DROP COLUMN takeover_count");

            assertThatThrownBy(() -> BatchedMigrations.on(old).build().store().requireSchema())
                    .isInstanceOf(SchemaNotMigratedException.class)
                    .hasMessageContaining("takeover_count")
                    .hasMessageContaining("db migrate");
        } finally {
            PostgresExtension.drop(old);
        }
    }

    @Test
    void acceptsAMigratedSchema() {
        fixture.engine(Map.of()).store().requireSchema();
    }

    @Test
    void saysThatTheDatabaseIsGoneAtTheStart() {
        TestDatabase nowhere =
                new TestDatabase("nowhere", "jdbc:postgresql://127.0.0.1:1/nowhere?user=x&connectTimeout=2");
        BatchedMigrations engine = BatchedMigrations.on(nowhere).build();

        Stream.<Runnable>of(
                        () -> engine.store().requireSchema(),
                        () -> engine.planner().plan(),
                        () -> engine.runner().run(1, StopSignal.NEVER),
                        () -> engine.runToEnd(List.of(), StopSignal.NEVER))
                .forEach(call -> assertThatThrownBy(call::run)
                        .isInstanceOf(DatabaseException.class)
                        .hasMessageStartingWith("could not ")
                        .hasMessageContaining("127.0.0.1:1"));
    }

    @Test
    void goesOnWhereItStoodWhenTheDatabaseComesBack() {
        fixture.items(1, 3_000).queueItems("m", ItemsWork.ADD_ONE, 3_000);
        database.execute("UPDATE batched_background_migrations SET max_value = 3000");
        Outage outage = new Outage(database);
        BatchedMigrations engine = EngineFixture.engine(outage, EngineFixture.SETTINGS, Map.of());
        long job = engine.planner().plan().due().get(0);
        AtomicInteger asked = new AtomicInteger();

        BatchOutcome outcome = engine.runner().run(job, () -> {
            if (asked.incrementAndGet() == 2) {
                outage.refuse(3);
            }
            return false;
        });

        assertThat(outcome).isInstanceOf(BatchOutcome.Finished.class);
        assertThat(outage.left()).isZero();
        fixture.assertEachItemChangedOnce();
        assertThat(fixture.jobs("m", "takeover_count || ' ' || attempts")).containsExactly("0 1");
    }

    @Test
    void goesOnWhereItStoodWhenTheDatabaseMayBeWrittenAgain() throws SQLException {
        fixture.items(1, 3_000).queueItems("m", ItemsWork.ADD_ONE, 3_000);
        database.execute("UPDATE batched_background_migrations SET max_value = 3000");
        BatchedMigrations engine = fixture.engine(Map.of());
        long job = engine.planner().plan().due().get(0);
        AtomicInteger asked = new AtomicInteger();
        try {
            BatchOutcome outcome = engine.runner().run(job, () -> {
                switch (asked.incrementAndGet()) {
                    case 2 -> setReadOnly("SET default_transaction_read_only = on");
                    case 6 -> setReadOnly("RESET default_transaction_read_only");
                    default -> {}
                }
                return false;
            });

            assertThat(outcome).isInstanceOf(BatchOutcome.Finished.class);
        } finally {
            setReadOnly("RESET default_transaction_read_only");
        }
        fixture.assertEachItemChangedOnce();
        assertThat(fixture.jobs("m", "takeover_count || ' ' || attempts")).containsExactly("0 1");
    }

    private void setReadOnly(String how) {
        try (Connection admin = PgServer.get().connect();
                Statement statement = admin.createStatement()) {
            statement.execute("ALTER DATABASE " + database.name() + " " + how);
            database.endKeptSessions();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void stopsWaitingForTheDatabaseWhenTheReplicaStops() {
        fixture.items(1, 3_000).queueItems("m", ItemsWork.ADD_ONE, 3_000);
        Outage outage = new Outage(database);
        BatchedMigrations engine = EngineFixture.engine(outage, EngineFixture.SETTINGS, Map.of());
        long job = engine.planner().plan().due().get(0);
        AtomicInteger asked = new AtomicInteger();

        BatchOutcome outcome = engine.runner().run(job, () -> {
            if (asked.incrementAndGet() == 1) {
                outage.refuse(1_000_000);
            }
            return asked.get() > 2;
        });

        assertThat(outcome).isInstanceOf(BatchOutcome.Lost.class);
        fixture.expireLeases();
        fixture.runAll(Map.of());
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void leavesConnectionsAsItGotThem() throws SQLException {
        fixture.items(1, 3_000).queueItems("m", "half", 500);
        try (Connection one = database.getConnection()) {
            DataSource pool = new OneConnection(one);
            AtomicInteger calls = new AtomicInteger();
            WorkFunction half = context -> {
                if (calls.incrementAndGet() % 2 == 0) {
                    throw EngineFixture.away("every second time");
                }
                return ItemsWork.addOne(context);
            };

            RunResult result = EngineFixture.engine(pool, EngineFixture.SETTINGS, Map.of("half", half))
                    .runToEnd(List.of(), StopSignal.NEVER);

            assertThat(result.isComplete()).isTrue();
            assertThat(one.getAutoCommit()).isTrue();
            try (Statement statement = one.createStatement();
                    var settings = statement.executeQuery("""
                            SELECT name, setting
                            FROM pg_settings
                            WHERE source = 'session'
                                AND name IN ('statement_timeout', 'lock_timeout', 'synchronous_commit', 'enable_seqscan',
                                    'idle_in_transaction_session_timeout', 'default_transaction_isolation')
                            """)) {
                assertThat(settings.next()).isFalse();
            }
        }
        fixture.assertEachItemChangedOnce();
    }
}
