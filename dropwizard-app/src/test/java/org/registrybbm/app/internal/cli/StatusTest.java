package org.registrybbm.app.internal.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.app.Samples;
import org.registrybbm.app.internal.cli.foreground.RunProgress;
import org.registrybbm.app.internal.text.answer.StatusJson;
import org.registrybbm.app.internal.text.answer.StatusTable;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.status.Pace;
import org.registrybbm.migrations.status.Reason;

class StatusTest {
    private static final Reason WAITS = new Reason(Reason.Code.WAITS_TURN, "it waits", Optional.empty());
    private static final MigrationOverview RUNNING = new MigrationOverview(
            Samples.migration(1, "copy"),
            7,
            OptionalDouble.of(43.25),
            OptionalLong.of(2_000),
            865,
            800,
            3,
            0,
            1,
            4,
            2,
            List.of("replica-1"),
            Optional.of(new Pace(
                    38_123.4, Optional.of(new Pace.Range(Duration.ofSeconds(7_490), Duration.ofSeconds(9_600))))),
            new Reason(Reason.Code.RUNNING, "it runs", Optional.empty()));
    private static final MigrationOverview FAILED = new MigrationOverview(
            Samples.migration(2, "fill", MigrationStatus.FAILED, Samples.FAILURE),
            0,
            OptionalDouble.empty(),
            OptionalLong.of(2_000),
            0,
            0,
            0,
            1,
            0,
            0,
            0,
            List.of(),
            Optional.empty(),
            new Reason(
                    Reason.Code.FAILED,
                    "two\nlines",
                    Optional.of("registry background-migrate retry --migration fill")));

    @Test
    void tableBeginsWithWhatNeedsAPerson() {
        assertThat(StatusTable.render(List.of(RUNNING, FAILED, done("copied", true)), 80, false))
                .isEqualTo("""
                Batched Background Migration | Status  | Progress | Rows
                -----------------------------+---------+----------+-----------------------------
                NEEDS YOU (1)
                fill                         | failed  |        - | 0 of ~2,000
                  two lines
                  > registry background-migrate retry --migration fill
                AT WORK (1)
                copy                         | running |    43.3% | 865 of ~2,000
                  it runs; 38,123 rows/s, 2 h 05 min to 2 h 40 min left; 4 rows in quarantine;
                  priority 7
                DONE (1), all verified; --all lists them
                """);
    }

    @Test
    void tableListsWhatIsDoneIfThatIsWanted() {
        assertThat(StatusTable.render(List.of(done("copied", true), done("filled", false)), 80, true))
                .isEqualTo("""
                Batched Background Migration | Status   | Progress | Rows
                -----------------------------+----------+----------+----------------------------
                DONE (2)
                copied                       | finished |   100.0% | 2,000 of ~2,000
                  done, at 2026-01-02T03:04:05Z
                filled                       | finished |   100.0% | 2,000 of ~2,000
                  done
                """);
        assertThat(StatusTable.render(List.of(done("copied", true), done("filled", false)), 80, false))
                .isEqualTo("DONE (2), 1 verified; --all lists them\n");
    }

    /** The container registry's own names have up to 76 characters, and names of PostgreSQL's type text have no end. */
    @ParameterizedTest
    @ValueSource(ints = {20, 40, 80, 120, 200})
    void noLineIsLongerThanTheTerminal(int width) {
        List<MigrationOverview> many = IntStream.rangeClosed(1, 200)
                .mapToObj(i -> overview("name_".repeat(i), "why " + "it is so ".repeat(i) + "x".repeat(i)))
                .toList();

        assertThat(StatusTable.render(many, width, true).lines())
                .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(Math.max(width, 50)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "it's "})
    void aCommandThatIsBrokenIsStillOneToAShell(String start) throws Exception {
        String name = start + "long".repeat(60);
        String table = StatusTable.render(List.of(overview(name, "why")), 80, false);
        String script =
                table.substring(table.indexOf("> ") + 2).replace("registry background-migrate", "printf '%s\\n'");

        Process shell = new ProcessBuilder("sh", "-c", script).start();

        assertThat(shell.inputReader().lines()).containsExactly("start", "--migration", name);
    }

    @Test
    void anEstimateThatIsRefutedIsNotShown() {
        assertThat(StatusTable.render(List.of(overview(100_000, OptionalDouble.of(99.9), List.of())), 80, false))
                .contains("100,000 of ~100,000");
    }

    @Test
    void ofVeryManyThatAreAlikeSomeAreListed() {
        List<MigrationOverview> many = IntStream.rangeClosed(1, 1_000)
                .mapToObj(i -> overview("number_" + i, "why"))
                .toList();

        assertThat(StatusTable.render(many, 80, false).lines())
                .hasSizeLessThan(160)
                .endsWith("and 950 more; --all lists them");
        assertThat(StatusTable.render(many, 80, true)).contains("number_1000 ");
    }

    @Test
    void manyRowsAreCountedInMillions() {
        assertThat(StatusTable.render(List.of(overview(1_234_567_890, OptionalDouble.of(99.9), List.of())), 80, false))
                .contains("1,234.6M of ~1,234.6M");
    }

    @Test
    void progressOfARunIsWhatStatusSays() {
        assertThat(RunProgress.line(List.of(overview(16_099, OptionalDouble.empty(), List.of("me")))))
                .isEqualTo("0 of 1 finished; copy progress unknown, 16099 rows changed");
        assertThat(RunProgress.line(List.of(overview(16_099, OptionalDouble.of(12.34), List.of()), FAILED)))
                .isEqualTo("0 of 2 finished; copy 12.3%, 16099 rows changed, it waits");
    }

    private static MigrationOverview overview(long rows, OptionalDouble progress, List<String> replicas) {
        return new MigrationOverview(
                Samples.migration(1, "copy"),
                0,
                progress,
                OptionalLong.of(2_000),
                rows,
                rows,
                0,
                0,
                0,
                0,
                0,
                replicas,
                Optional.empty(),
                WAITS);
    }

    private static MigrationOverview overview(String name, String why) {
        Reason reason = new Reason(
                Reason.Code.PAUSED,
                why,
                Optional.of("registry background-migrate start --migration "
                        + (name.contains(" ") ? "'" + name.replace("'", "'\\''") + "'" : name)));
        return new MigrationOverview(
                Samples.migration(1, name),
                3,
                OptionalDouble.of(1),
                OptionalLong.empty(),
                1,
                1,
                0,
                0,
                0,
                5_000,
                0,
                List.of(),
                Optional.empty(),
                reason);
    }

    private static MigrationOverview done(String name, boolean verified) {
        return new MigrationOverview(
                Samples.finished(name, verified),
                0,
                OptionalDouble.of(100),
                OptionalLong.of(2_000),
                2_000,
                2_000,
                1,
                0,
                0,
                0,
                0,
                List.of(),
                Optional.empty(),
                new Reason(verified ? Reason.Code.VERIFIED : Reason.Code.UNVERIFIED, "done", Optional.empty()));
    }

    @Test
    void tableWithoutMigrationsHasItsHeadings() {
        assertThat(StatusTable.render(List.of(), 80, false))
                .startsWith("Batched Background Migration | Status")
                .hasLineCount(2);
    }

    @Test
    void jsonTellsWhyOneFailed() throws IOException {
        JsonNode json = new ObjectMapper().readTree(new StatusJson().render(List.of(RUNNING, FAILED)));

        assertThat(json.at("/0/progress_percent").asDouble()).isEqualTo(43.25);
        assertThat(json.at("/0/replicas/0").asText()).isEqualTo("replica-1");
        assertThat(json.at("/0/pace/rows_per_second").asLong()).isEqualTo(38_123);
        assertThat(json.at("/0/pace/most_seconds_left").asLong()).isEqualTo(9_600);
        assertThat(json.at("/1/pace").isNull()).isTrue();
        assertThat(json.at("/0/reason").asText()).isEqualTo("running");
        assertThat(json.at("/0/attention").asText()).isEqualTo("at_work");
        assertThat(json.at("/0/command").isNull()).isTrue();
        assertThat(json.at("/1/reason").asText()).isEqualTo("failed");
        assertThat(json.at("/1/command").asText()).startsWith("registry background-migrate retry");
        assertThat(json.at("/0/priority").asInt()).isEqualTo(7);
        assertThat(json.at("/0/quarantined_rows").asInt()).isEqualTo(4);
        assertThat(json.at("/0/verified_at").isNull()).isTrue();
        assertThat(json.at("/0/failure").isNull()).isTrue();
        assertThat(json.at("/1/progress_percent").isNull()).isTrue();
        assertThat(json.at("/1/failure/sql_state").asText()).isEqualTo("23505");
    }
}
