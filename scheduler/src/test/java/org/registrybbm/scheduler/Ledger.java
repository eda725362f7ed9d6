package org.registrybbm.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import org.registrybbm.testkit.postgres.TestDatabase;

/**
 * A table whose every row is to be increased by one, and the book of every increase that was committed: a row that was changed
 * twice, or never, shows in both.
 */
record Ledger(TestDatabase database, String name, int rows) {
    /** How long tests wait for what comes within seconds on a machine with nothing else to do, where the time proves nothing. */
    static final Duration PATIENCE = Duration.ofMinutes(5);

    /** Makes the table and its book; keys are 1 to {@code rows}. */
    static Ledger create(TestDatabase database, String name, int rows) {
        database.execute("""
                CREATE TABLE public.%1$s (id bigint PRIMARY KEY, n int NOT NULL);
                INSERT INTO public.%1$s SELECT i, 0 FROM generate_series(1, %2$d) i;
                CREATE TABLE public.%1$s_book (
                    id bigint NOT NULL,
                    replica text NOT NULL,
                    at timestamptz NOT NULL DEFAULT clock_timestamp()
                )
                """.formatted(name, rows));
        return new Ledger(database, name, rows);
    }

    /** Queues its migration, named as the table, with reference columns and arguments only. */
    Ledger queue(int status, int batchSize, String arguments) {
        database.execute("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name, arguments)
                VALUES ('%1$s', 1, 9223372036854775807, %2$d, %3$d, '%4$s', 'public.%1$s', 'id', '%5$s')
                """.formatted(name, batchSize, status, AddOne.SIGNATURE, arguments));
        return this;
    }

    /** Queues its migration as an active one. */
    Ledger queue(int batchSize, String arguments) {
        return queue(1, batchSize, arguments);
    }

    /** Sets the status as an operator does in psql. */
    void setStatus(int status) {
        database.execute(
                "UPDATE batched_background_migrations SET status = %d WHERE name = '%s'".formatted(status, name));
    }

    long status() {
        return database.number("SELECT status FROM batched_background_migrations WHERE name = ?", name);
    }

    /** How many increases were committed. */
    long changes() {
        return database.number("SELECT count(*) FROM public." + name + "_book");
    }

    /** Who committed increases, by name. */
    List<String> replicas() {
        return database.column("SELECT DISTINCT replica FROM public." + name + "_book ORDER BY 1");
    }

    /** A column or expression of the batch jobs, in order. */
    List<String> jobs(String expression) {
        return database.column("""
                SELECT %s
                FROM batched_background_migration_jobs j
                JOIN batched_background_migrations m ON m.id = j.batched_background_migration_id
                WHERE m.name = ?
                ORDER BY j.id
                """.formatted(expression), name);
    }

    /** Waits for the first increases that a replica commits. */
    void awaitChangesBy(String replica) {
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> replicas().contains(replica));
    }

    /** Waits for the end and checks that each row was changed exactly once. */
    void awaitFinishedExactly(Duration atMost) {
        await().atMost(atMost)
                .pollInterval(Duration.ofMillis(100))
                .untilAsserted(
                        () -> assertThat(status()).as("status of " + name).isEqualTo(2));
        assertExact();
        assertThat(jobs("j.status")).as("status of the batch jobs of " + name).containsOnly("2");
    }

    /** Checks that each row was changed exactly once. */
    void assertExact() {
        assertThat(changes()).as("changes of " + name).isEqualTo(rows);
        assertThat(database.number("SELECT count(*) FROM public." + name + " WHERE n <> 1"))
                .as("rows of " + name + " not changed exactly once")
                .isZero();
    }

    /** Checks that whatever was changed so far was changed once and is what the cursors say. */
    void assertChangesMatchCursors() {
        assertThat(database.number("SELECT coalesce(sum(n), 0) FROM public." + name))
                .as("increases in the rows")
                .isEqualTo(changes())
                .isEqualTo(jobs("j.migrated_tuple_count").stream()
                        .filter(count -> !count.equals("null"))
                        .mapToLong(Long::parseLong)
                        .sum());
        assertThat(database.number("SELECT count(*) FROM public." + name + " WHERE n > 1"))
                .as("rows changed twice")
                .isZero();
    }
}
