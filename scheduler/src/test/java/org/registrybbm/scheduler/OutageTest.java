package org.registrybbm.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The database is away: before the start, and in the middle of the work. */
@ExtendWith(PostgresExtension.class)
class OutageTest {
    private final TestDatabase database;
    private final TcpProxy proxy;
    private final Fleet fleet;

    OutageTest(TestDatabase database) {
        this.database = database;
        this.proxy = new TcpProxy(database);
        this.fleet = new Fleet(database);
    }

    @AfterEach
    void stop() {
        proxy.mend();
        fleet.close();
        proxy.close();
    }

    @Test
    void goesOnByItselfWhenTheDatabaseWasAwayForSomeSeconds() throws Exception {
        Ledger ledger = Ledger.create(database, "cut", 2000).queue(500, "{\"msPerRow\": 2}");
        fleet.start(Replica.of("one", proxy.database()));
        fleet.start(Replica.of("two", proxy.database()));
        await().atMost(Ledger.PATIENCE).until(() -> ledger.changes() > 0);

        proxy.cut();
        awaitDatabaseClock(4);
        assertThat(ledger.changes()).isLessThan(2000);
        proxy.mend();

        ledger.awaitFinishedExactly(Duration.ofSeconds(60));
        assertThat(database.text("SELECT failure_message FROM batched_background_migrations WHERE name = 'cut'"))
                .isEqualTo("null");
    }

    @Test
    void goesOnByItselfWhenEveryConnectionIsTerminatedAgainAndAgain() throws Exception {
        Ledger ledger = Ledger.create(database, "terminated", 2000).queue(500, "{\"msPerRow\": 2}");
        fleet.start("one");
        fleet.start("two");
        await().atMost(Ledger.PATIENCE).until(() -> ledger.changes() > 0);

        for (int i = 0; i < 4; i++) {
            database.column("""
                    SELECT pg_terminate_backend(pid)
                    FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()
                    """);
            awaitDatabaseClock(0.7);
        }

        ledger.awaitFinishedExactly(Duration.ofSeconds(60));
        assertThat(ledger.jobs("j.failure_message")).containsOnly("null");
    }

    @Test
    void isNotCheckedInWhileQuartzsStoreFailsThoughTheOtherTablesAnswer() throws Exception {
        BatchedMigrationScheduler one = fleet.start("one");
        await().atMost(Ledger.PATIENCE).until(one::isCheckedIn);
        database.execute("ALTER TABLE qrtz_triggers RENAME TO away");
        Ledger ledger = Ledger.create(database, "unfired", 100).queue(100, "{}");

        try {
            await().atMost(Ledger.PATIENCE).until(() -> !one.isCheckedIn());
        } finally {
            database.execute("ALTER TABLE away RENAME TO qrtz_triggers");
        }

        await().atMost(Ledger.PATIENCE).until(one::isCheckedIn);
        ledger.awaitFinishedExactly(Ledger.PATIENCE);
    }

    @Test
    void saysThatTheDatabaseIsAwayAtTheStartAndStartsLater() throws Exception {
        proxy.cut();
        BatchedMigrationScheduler one = fleet.build(Replica.of("one", proxy.database()));

        assertThatThrownBy(one::start)
                .isInstanceOf(DatabaseException.class)
                .hasMessageStartingWith("could not look for the batched-migration tables: ");
        assertThat(one.isCheckedIn()).isFalse();

        proxy.mend();
        one.start();
        await().atMost(Duration.ofSeconds(10)).until(one::isCheckedIn);
    }

    @Test
    void saysThatTheSchemaIsNotMigratedAndByWhichCommandItIs() throws Exception {
        TestDatabase empty = PostgresExtension.empty();
        try {
            BatchedMigrationScheduler one = fleet.build(Replica.of("one", empty));

            assertThatThrownBy(one::start)
                    .isInstanceOf(SchemaNotMigratedException.class)
                    .hasMessageContaining("batched_background_migrations")
                    .hasMessageContaining("db migrate");
        } finally {
            fleet.close();
            PostgresExtension.drop(empty);
        }
    }

    private void awaitDatabaseClock(double seconds) {
        String until = database.text("SELECT clock_timestamp() + make_interval(secs => ?)", seconds);
        await().atMost(Duration.ofSeconds(20))
                .until(() -> database.text("SELECT clock_timestamp() > ?::timestamptz", until)
                        .equals("t"));
    }
}
