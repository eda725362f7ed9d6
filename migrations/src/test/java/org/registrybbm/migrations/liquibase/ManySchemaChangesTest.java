package org.registrybbm.migrations.liquibase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.registrybbm.migrations.liquibase.SchemaChangeProcess.Lock;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Processes that change the schema of one database at once. Some are killed at any moment, and one is Liquibase without our lock.
 *
 * <p>Long form: {@code -Dschema.rounds=20 -Dschema.processes=10 -Dschema.killed=3}, and {@code -Dschema.seed} for the same moments again.
 */
@Tag("slow")
class ManySchemaChangesTest {
    private static final Logger LOGGER = LoggerFactory.getLogger(ManySchemaChangesTest.class);
    private static final int ROUNDS = Integer.getInteger("schema.rounds", 1);
    private static final int PROCESSES = Integer.getInteger("schema.processes", 4);
    private static final int KILLED = Integer.getInteger("schema.killed", 1);
    private static final long SEED = Long.getLong("schema.seed", System.nanoTime());

    @TempDir
    Path directory;

    @Test
    void leaveTheSchemaRightAndNoLock() throws Exception {
        Random random = new Random(SEED);
        LOGGER.warn("-Dschema.seed={}", SEED);
        for (int round = 1; round <= ROUNDS; round++) {
            TestDatabase database = PostgresExtension.empty();
            try {
                run(database, random);
            } finally {
                PostgresExtension.drop(database);
            }
        }
    }

    private void run(TestDatabase database, Random random) throws Exception {
        List<SchemaChangeProcess> ours = new ArrayList<>();
        try {
            for (int i = 1; i < PROCESSES; i++) {
                ours.add(start(database, Lock.OURS));
            }
            // On an empty database, Liquibase creates its own tables before it locks them.
            await().atMost(Duration.ofMinutes(2)).until(() -> exists(database, "databasechangeloglock"));
            SchemaChangeProcess stock = start(database, Lock.STOCK);
            try {
                for (int i = 0; i < KILLED; i++) {
                    killWhoeverHoldsTheLock(database, ours, random);
                }
                int done = 0;
                for (SchemaChangeProcess process : ours) {
                    done += process.await() == 0 ? 1 : 0;
                }
                assertThat(stock.await()).as(String.join("\n", stock.lines())).isZero();
                assertThat(done).isGreaterThanOrEqualTo(ours.size() - KILLED);
            } finally {
                stock.close();
            }
        } finally {
            for (SchemaChangeProcess process : ours) {
                process.close();
            }
        }
        assertThat(database.number("SELECT count(*) FROM databasechangeloglock WHERE locked"))
                .isZero();
        assertThat(
                        database.number(
                                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"))
                .isZero();
        TestDatabase alone = PostgresExtension.empty();
        try {
            PostgresExtension.migrate(alone, PostgresExtension.ENGINE_CHANGELOG);
            assertThat(schema(database)).isEqualTo(schema(alone));
        } finally {
            PostgresExtension.drop(alone);
        }
    }

    private SchemaChangeProcess start(TestDatabase database, Lock lock) throws Exception {
        return SchemaChangeProcess.start(database, directory, PostgresExtension.ENGINE_CHANGELOG, lock);
    }

    private static boolean exists(TestDatabase database, String table) {
        return database.text("SELECT to_regclass(?) IS NOT NULL", table).equals("t");
    }

    /** Somebody else goes on within 5 s, if there is still somebody who waits. */
    private static void killWhoeverHoldsTheLock(TestDatabase database, List<SchemaChangeProcess> ours, Random random)
            throws InterruptedException {
        // The moment of the fault, not a wait for something.
        Thread.sleep(random.nextInt(1_500));
        List<SchemaChangeProcess> begun = ours.stream()
                .filter(process -> process.handle().isAlive() && process.lines().contains("begins"))
                .toList();
        for (SchemaChangeProcess holder : begun) {
            holder.kill();
            long waiting =
                    ours.stream().filter(process -> process.handle().isAlive()).count();
            if (waiting > 0) {
                await().atMost(Duration.ofSeconds(5))
                        .until(() -> ours.stream()
                                .anyMatch(process -> !begun.contains(process)
                                        && process.lines().contains("begins")));
            }
        }
    }

    /** What there is, in whatever order it was made; Liquibase's own tables differ in their times. */
    private static List<String> schema(TestDatabase database) {
        return database.column("""
                SELECT table_name || '.' || column_name || ' ' || data_type FROM information_schema.columns WHERE table_schema = 'public'
                UNION ALL
                SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
                WHERE connamespace = 'public'::regnamespace
                UNION ALL
                SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
                UNION ALL
                SELECT proname || md5(prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
                UNION ALL
                SELECT id || ' of ' || author FROM databasechangelog
                ORDER BY 1
                """);
    }
}
