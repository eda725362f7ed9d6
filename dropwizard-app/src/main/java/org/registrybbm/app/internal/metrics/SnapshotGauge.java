package org.registrybbm.app.internal.metrics;

import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.registrybbm.migrations.budget.Budget;
import org.registrybbm.migrations.budget.Limit;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.status.Pace;
import org.registrybbm.migrations.status.Reason.Attention;
import org.registrybbm.migrations.status.Replica;
import org.registrybbm.migrations.status.StatusSnapshot;

/**
 * A gauge that is read from the tables, so that each replica shows the same values.
 *
 * @param name its name for Prometheus
 * @param help one line that says what it is
 * @param points its series with their values
 */
record SnapshotGauge(String name, String help, Function<StatusSnapshot, Stream<GaugeDataPointSnapshot>> points) {
    /** All gauges of this kind. */
    static final List<SnapshotGauge> ALL = List.of(
            ofMigrations(
                    "registry_database_bbm_progress_percent",
                    "Progress of a batched migration, 0 to 100",
                    SnapshotGauge::progress),
            ofMigrations(
                    "registry_database_bbm_covered_tuples",
                    "Rows that a batched migration that is not done has looked at",
                    SnapshotGauge::covered),
            ofMigrations(
                    "registry_database_bbm_quarantined_tuples",
                    "Rows in quarantine that wait for a person",
                    SnapshotGauge::quarantined),
            ofMigrations(
                    "registry_database_bbm_time_left_seconds",
                    "How long a batched migration that is at work will still take, at least and at most",
                    SnapshotGauge::timeLeft),
            ofMigrations(
                    "registry_database_bbm_reason",
                    "What a batched migration that is not done is doing or waits for; always 1",
                    SnapshotGauge::reason),
            ofFleet(
                    "registry_database_bbm_replicas",
                    "Replicas that show themselves on the database",
                    snapshot -> Optional.of(snapshot.replicas().size())),
            ofFleet(
                    "registry_database_bbm_jobs_at_work",
                    "Batch jobs that replicas hold now",
                    snapshot -> Optional.of(snapshot.replicas().stream()
                            .mapToInt(Replica::batchJobs)
                            .sum())),
            ofFleet(
                    "registry_database_bbm_budget_jobs",
                    "Batch jobs that may run at once; missing if nothing limits them",
                    snapshot -> fleet(snapshot, Budget::batchJobs)),
            ofFleet(
                    "registry_database_bbm_budget_tuples_per_second",
                    "Rows that may be looked at in a second; missing if nothing limits them",
                    snapshot -> fleet(snapshot, Budget::rowsPerSecond)));

    /** Returns the gauge with its values. It has no series if there is nothing to tell. */
    GaugeSnapshot read(StatusSnapshot snapshot) {
        GaugeSnapshot.Builder builder = GaugeSnapshot.builder().name(name).help(help);
        points.apply(snapshot).forEach(builder::dataPoint);
        return builder.build();
    }

    private static SnapshotGauge ofMigrations(
            String name, String help, Function<MigrationOverview, Stream<GaugeDataPointSnapshot>> points) {
        return new SnapshotGauge(
                name, help, snapshot -> snapshot.migrations().stream().flatMap(points));
    }

    private static SnapshotGauge ofFleet(
            String name, String help, Function<StatusSnapshot, Optional<? extends Number>> value) {
        return new SnapshotGauge(
                name,
                help,
                snapshot -> value.apply(snapshot).stream()
                        .map(number -> GaugeDataPointSnapshot.builder()
                                .value(number.doubleValue())
                                .build()));
    }

    private static Stream<GaugeDataPointSnapshot> progress(MigrationOverview one) {
        return Stream.of(point(
                one,
                one.progressPercent().orElse(0),
                "status",
                one.migration().status().word()));
    }

    private static Stream<GaugeDataPointSnapshot> covered(MigrationOverview one) {
        return isDone(one) ? Stream.empty() : Stream.of(point(one, (double) one.coveredTupleCount()));
    }

    private static Stream<GaugeDataPointSnapshot> quarantined(MigrationOverview one) {
        return isDone(one) && one.quarantinedRows() == 0
                ? Stream.empty()
                : Stream.of(point(one, (double) one.quarantinedRows()));
    }

    private static Stream<GaugeDataPointSnapshot> timeLeft(MigrationOverview one) {
        return one.pace().flatMap(Pace::left).stream()
                .flatMap(left -> Stream.of(
                        point(one, seconds(left.least()), "bound", "least"),
                        point(one, seconds(left.most()), "bound", "most")));
    }

    private static Stream<GaugeDataPointSnapshot> reason(MigrationOverview one) {
        return isDone(one)
                ? Stream.empty()
                : Stream.of(point(
                        one,
                        1,
                        "attention",
                        one.reason().code().attention().name().toLowerCase(Locale.ROOT),
                        "reason",
                        one.reason().code().word()));
    }

    private static boolean isDone(MigrationOverview one) {
        return one.reason().code().attention() == Attention.DONE;
    }

    private static Optional<Long> fleet(StatusSnapshot snapshot, Function<Budget, Limit> which) {
        return snapshot.budgets().stream()
                .filter(budget -> budget.subject().equals(Budget.Subject.FLEET))
                .map(which)
                .filter(Limit.AtMost.class::isInstance)
                .map(limit -> ((Limit.AtMost) limit).number())
                .findFirst();
    }

    private static GaugeDataPointSnapshot point(MigrationOverview one, double value, String... labels) {
        BatchedMigration migration = one.migration();
        return GaugeDataPointSnapshot.builder()
                .value(value)
                .labels(Labels.of("migration_id", Long.toString(migration.id()), "migration_name", migration.name())
                        .merge(Labels.of(labels)))
                .build();
    }

    private static double seconds(Duration duration) {
        return (double) duration.toSeconds();
    }
}
