package org.registrybbm.app.internal.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.registrybbm.app.internal.metrics.AllMetrics.overview;
import static org.registrybbm.app.internal.metrics.AllMetrics.state;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.registrybbm.app.Samples;
import org.registrybbm.migrations.status.Reason;

class ReplicaMetricsTest {
    private static final int MANY = 1_000;
    private static final int MEGABYTE = 1_000_000;
    private static final Duration LONGEST = Duration.ofMillis(100);
    private static final String LABELS = "migration_id=\"1\",migration_name=\"copy\"";

    private final AllMetrics metrics = new AllMetrics();

    @Test
    void showsWhatTheTablesTell() {
        metrics.state = state(List.of(
                overview(1, "copy", Reason.Code.RUNNING, 3),
                overview(2, "stuck", Reason.Code.MISSING_CODE, 0),
                overview(3, "done", Reason.Code.VERIFIED, 0)));

        List<String> lines = metrics.scrape();

        assertThat(lines)
                .contains(
                        "registry_database_bbm_progress_percent{" + LABELS + ",status=\"running\"} 12.5",
                        "registry_database_bbm_covered_tuples{" + LABELS + "} 250.0",
                        "registry_database_bbm_quarantined_tuples{" + LABELS + "} 3.0",
                        "registry_database_bbm_time_left_seconds{bound=\"least\"," + LABELS + "} 120.0",
                        "registry_database_bbm_time_left_seconds{bound=\"most\"," + LABELS + "} 300.0",
                        "registry_database_bbm_reason{attention=\"at_work\"," + LABELS + ",reason=\"running\"} 1.0",
                        "registry_database_bbm_reason{attention=\"needs_you\",migration_id=\"2\",migration_name=\"stuck\","
                                + "reason=\"missing_code\"} 1.0",
                        "registry_database_bbm_replicas 2.0",
                        "registry_database_bbm_jobs_at_work 3.0",
                        "registry_database_bbm_budget_jobs 4.0",
                        "registry_database_bbm_budget_tuples_per_second 20000.0");
        assertThat(lines)
                .filteredOn(line -> line.contains("migration_name=\"done\""))
                .singleElement()
                .asString()
                .startsWith("registry_database_bbm_progress_percent");
    }

    @Test
    void showsWhatTheReplicaDoes() {
        metrics.works(Samples.migration(1, "copy"));
        metrics.works = false;

        assertThat(metrics.scrape())
                .contains(
                        "registry_bbm_job_failures_total{" + LABELS + "} 1.0",
                        "registry_bbm_job_takeovers_total{" + LABELS + "} 1.0",
                        "registry_bbm_job_lock_waits_total{" + LABELS + "} 1.0",
                        "registry_bbm_jobs_at_work 0.0",
                        "registry_bbm_scheduler_checked_in 0.0",
                        "registry_bbm_pool_connections{pool=\"bbm-data\",state=\"active\"} 6.0",
                        "registry_bbm_pool_waiting_threads{pool=\"bbm-quartz\"} 7.0");
    }

    @Test
    void showsNothingOfTheTablesWhileTheDatabaseDoesNotAnswer() {
        assertThat(metrics.scrape()).noneMatch(line -> line.contains("registry_database_bbm"));
    }

    @Test
    void leavesNoSeriesOfAMigrationThatWasDeleted() {
        metrics.state = state(List.of(overview(1, "copy", Reason.Code.RUNNING, 0)));
        metrics.works(Samples.migration(1, "copy"));
        metrics.works(Samples.migration(2, "gone"));

        // It could have been queued after the state was read.
        metrics.nanos.addAndGet(Duration.ofSeconds(10).toNanos());
        metrics.text();
        assertThat(metrics.text()).contains("migration_name=\"gone\"");

        metrics.nanos.addAndGet(Duration.ofMinutes(1).toNanos());
        metrics.text();
        assertThat(metrics.text())
                .contains("registry_bbm_migrated_tuples_total{" + LABELS + "}")
                .doesNotContain("migration_name=\"gone\"");
    }

    @Test
    void keepsTheSeriesOfTheMigrationsThatItWorkedOnLast() {
        metrics.works(Samples.migration(1, "copy"));
        for (int i = 2; i <= MigrationSeries.MOST; i++) {
            metrics.works(Samples.migration(i, "m" + i));
        }
        metrics.works(Samples.migration(1, "copy"));
        metrics.works(Samples.migration(1_000, "new"));

        assertThat(metrics.text())
                .contains("registry_bbm_migrated_tuples_total{" + LABELS + "} 80.0", "migration_name=\"new\"")
                .doesNotContain("migration_name=\"m2\"");
    }

    @Test
    void showsAThousandMigrationsInAShortText() {
        metrics.state = state(LongStream.rangeClosed(1, MANY)
                .mapToObj(id -> overview(id, name(id), Reason.Code.WAITS_MIGRATION, 1))
                .toList());
        LongStream.rangeClosed(1, MANY).forEach(id -> metrics.works(Samples.migration(id, name(id))));

        String text = metrics.text();

        assertThat(text.getBytes(StandardCharsets.UTF_8).length).isLessThan(MEGABYTE);
        long fastest = LongStream.range(0, 5).map(i -> took()).min().orElseThrow();
        assertThat(fastest).isLessThan(LONGEST.toNanos());
    }

    private long took() {
        long began = System.nanoTime();
        assertThat(metrics.text()).isNotEmpty();
        return System.nanoTime() - began;
    }

    /** Returns a name of 60 characters. */
    private static String name(long id) {
        return "copy_one_column_of_a_table_to_another_column_of_it_no_%06d".formatted(id);
    }
}
