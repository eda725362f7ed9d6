package org.registrybbm.scheduler;

import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A replica that finds another one planning looks again soon, and not only when it looks the next time anyway. */
@ExtendWith(PostgresExtension.class)
class BusyPlannerTest {
    private static final String WAITS = """
            SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
            """;

    private final TestDatabase database;

    BusyPlannerTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    void looksAgainSoonWhereSomebodyElsePlans() throws Exception {
        try (Fleet fleet = new Fleet(database);
                Connection planner = database.getConnection();
                Statement statement = planner.createStatement();
                BatchedMigrationScheduler replica = BatchedMigrationScheduler.on(
                                fleet.replica("one").withoutPresence().engine())
                        .quartzDataSource(database)
                        .replica("one")
                        .jobInterval(Duration.ofMinutes(1))
                        .build()) {
            Ledger ledger = Ledger.create(database, "busy", 200).queue(100, "{}");
            planner.setAutoCommit(false);
            statement.execute("""
                    SELECT pg_advisory_xact_lock(hashtextextended(
                        'org.registrybbm: plan a batched migration in '
                            || 'batched_background_migrations'::regclass::oid::text, id))
                    FROM batched_background_migrations
                    """);
            replica.start();
            await("it waits for its turn").until(() -> database.number(WAITS) > 0);
            await("it gives up").until(() -> database.number(WAITS) == 0);
            planner.rollback();

            ledger.awaitFinishedExactly(Duration.ofSeconds(15));
        }
    }
}
