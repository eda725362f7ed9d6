package org.registrybbm.app.internal.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.registrybbm.app.Samples;
import org.registrybbm.app.internal.text.StatusJson;
import org.registrybbm.app.internal.text.StatusTable;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.status.MigrationOverview;

class StatusTest {
    private static final MigrationOverview RUNNING = new MigrationOverview(
            Samples.migration(1, "copy"),
            7,
            OptionalDouble.of(43.25),
            865,
            800,
            3,
            0,
            1,
            4,
            2,
            List.of("replica-1"),
            "it runs");
    private static final MigrationOverview FAILED = new MigrationOverview(
            Samples.migration(2, "fill", MigrationStatus.FAILED, Samples.FAILURE),
            0,
            OptionalDouble.empty(),
            0,
            0,
            0,
            1,
            0,
            0,
            0,
            List.of(),
            "two\nlines");

    @Test
    void tableHasARowForEachMigration() {
        assertThat(StatusTable.render(List.of(RUNNING, FAILED))).isEqualTo("""
                Batched Background Migration | Status  | Progress | Rows         | Priority | Quarantined | Verified | Why
                -----------------------------+---------+----------+--------------+----------+-------------+----------+----------
                copy                         | running | 43.3%    | 865 of ~2000 | 7        | 4           | -        | it runs
                fill                         | failed  | -        | 0 of ~2000   | 0        | 0           | -        | two lines
                """);
    }

    @Test
    void anEstimateThatIsRefutedIsNotShown() {
        assertThat(StatusTable.render(List.of(overview(100_000, OptionalDouble.of(99.9), List.of()))))
                .contains("100000 of ~100000");
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
                Samples.migration(1, "copy"), 0, progress, rows, rows, 0, 0, 0, 0, 0, replicas, "it waits");
    }

    @Test
    void tableWithoutMigrationsHasItsHeadings() {
        assertThat(StatusTable.render(List.of()))
                .startsWith("Batched Background Migration | Status")
                .hasLineCount(2);
    }

    @Test
    void jsonTellsWhyOneFailed() throws IOException {
        JsonNode json = new ObjectMapper().readTree(new StatusJson().render(List.of(RUNNING, FAILED)));

        assertThat(json.at("/0/progress_percent").asDouble()).isEqualTo(43.25);
        assertThat(json.at("/0/replicas/0").asText()).isEqualTo("replica-1");
        assertThat(json.at("/0/priority").asInt()).isEqualTo(7);
        assertThat(json.at("/0/quarantined_rows").asInt()).isEqualTo(4);
        assertThat(json.at("/0/verified_at").isNull()).isTrue();
        assertThat(json.at("/0/failure").isNull()).isTrue();
        assertThat(json.at("/1/progress_percent").isNull()).isTrue();
        assertThat(json.at("/1/failure/sql_state").asText()).isEqualTo("23505");
    }
}
