package org.registrybbm.app.internal.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.app.internal.text.CommandFailure;
import org.registrybbm.app.internal.text.answer.StatusTable;
import org.registrybbm.migrations.status.StatusReader;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

@ExtendWith(PostgresExtension.class)
class StatusWatchTest {
    private final TestDatabase database;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    StatusWatchTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void forget() {
        database.execute(
                "DELETE FROM batched_background_migrations; UPDATE batched_background_migration_budgets SET batch_jobs = 2");
    }

    private void queue(String name, int status, String more) {
        database.execute("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name, run_after)
                VALUES ('%s', 1, 10, 10, %d, 'copyColumn', 'public.things', 'id', %s)
                """.formatted(name, status, more));
    }

    private void watch(boolean show, Duration longest, String... names) {
        new StatusWatch(
                        new StatusReader(database),
                        List.of(names),
                        true,
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8))
                .run(show, longest);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void endsAtOnceWhereNothingIsLeft() {
        watch(false, Duration.ofHours(1));
        queue("done", 2, "NULL");
        watch(false, Duration.ofHours(1));

        assertThat(err()).isEmpty();
    }

    /** An active one goes on by itself, as a replica may come. */
    @ParameterizedTest
    @CsvSource({"0, PT1H, 3, one: paused", "3, PT1H, 1, one: failed", "1, PT0S, 4, the time is over"})
    void hasAnExitCodeForScripts(int status, Duration longest, int exit, String said) {
        queue("done", 2, "NULL");
        queue("one", status, "NULL");

        assertThatThrownBy(() -> watch(false, longest))
                .isInstanceOfSatisfying(
                        CommandFailure.class,
                        failure -> assertThat(failure.exitCode()).isEqualTo(exit));

        assertThat(err()).startsWith(said).doesNotContain("done");
    }

    @ParameterizedTest
    @CsvSource({"0, 3", "3, 3"})
    void doesNotWaitForWhatWaitsForAPerson(int first, int exit) {
        queue("first", first, "NULL");
        queue("later", 1, "'{first}'");

        assertThatThrownBy(() -> watch(false, Duration.ofHours(1), "later"))
                .isInstanceOfSatisfying(
                        CommandFailure.class,
                        failure -> assertThat(failure.exitCode()).isEqualTo(exit));

        assertThat(err()).startsWith("later: waits for 'first', after which it is to run");
    }

    @Test
    void isStoppedByABudget() {
        queue("one", 1, "NULL");
        database.execute("UPDATE batched_background_migration_budgets SET batch_jobs = 0 WHERE scope = 'fleet'");

        assertThatThrownBy(() -> watch(false, Duration.ofHours(1)))
                .isInstanceOfSatisfying(
                        CommandFailure.class,
                        failure -> assertThat(failure.exitCode()).isEqualTo(1));
    }

    @Test
    void showsTheTableMeanwhile() {
        queue("one", 0, "NULL");

        assertThatThrownBy(() -> watch(true, Duration.ofHours(1))).isInstanceOf(CommandFailure.class);

        assertThat(out.toString(StandardCharsets.UTF_8))
                .startsWith("Batched Background Migration")
                .contains("one", "paused");
    }

    /** A terminal would obey it. */
    @Test
    void printsNoControlCharactersOfNamesAndReasons() {
        queue("evil", 1, "NULL");
        database.execute("UPDATE batched_background_migrations SET name = E'a\\x1b[31m\\u009b\\u202e'");
        database.execute(
                "SET registry_bbm.reason = E'b\\x1b]0;c\\x07'; UPDATE batched_background_migrations SET status = 0");

        assertThatThrownBy(() -> watch(false, Duration.ofHours(1))).isInstanceOf(CommandFailure.class);

        String table = StatusTable.render(new StatusReader(database).overviews(List.of()), 80, true);
        assertThat(table + err())
                .contains("a?[31m")
                .contains("b?]0;c?")
                .doesNotContainPattern("[\\p{Cntrl}&&[^\n]]|\u202e");
    }
}
