package org.registrybbm.migrations.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import liquibase.Scope;
import liquibase.UpdateSummaryEnum;
import liquibase.database.jvm.JdbcConnection;
import liquibase.resource.ClassLoaderResourceAccessor;
import liquibase.ui.LoggerUIService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.liquibase.SmallTables;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.spi.Planner;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A database that the container registry's own software made, in the middle of its batched migrations. */
@Tag("slow")
public class TakeOverRegistryTest {
    private static final String COPY = "copy_manifests_media_type_id_column_to_media_type_id_convert_to_bigint_column";
    private static final String REGISTRY = "org/registrybbm/db/registry.xml";

    private final TestDatabase database = containerRegistry();

    public static TestDatabase containerRegistry() {
        TestDatabase database = PostgresExtension.empty();
        try (var sql = TakeOverRegistryTest.class.getResourceAsStream("/container-registry-schema.sql")) {
            database.execute(new String(Objects.requireNonNull(sql).readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return database;
    }

    @AfterEach
    void drop() {
        PostgresExtension.drop(database);
    }

    @Test
    void finishesWhatWasHalfRunWithoutRedoingWhatWasFinished() {
        PostgresExtension.migrate(database, REGISTRY);
        String doneManifests =
                "SELECT md5(string_agg(id || ' ' || xmin || ctid, ',' ORDER BY id)) FROM public.manifests WHERE id <= 900";
        String doneBlobs =
                "SELECT md5(string_agg(id || ' ' || xmin || ctid, ',' ORDER BY id)) FROM partitions.blobs_p_0";
        String doneJobs =
                "SELECT md5(string_agg(j::text, ',' ORDER BY id)) FROM batched_background_migration_jobs j WHERE id <= 5";
        String manifests = database.text(doneManifests);
        String blobs = database.text(doneBlobs);
        String jobs = database.text(doneJobs);
        assertThat(database.column("SELECT status FROM batched_background_migration_jobs ORDER BY id"))
                .containsExactly("2", "2", "2", "2", "2", "3", "1");

        RunResult result = BatchedMigrations.on(database).build().runToEnd(List.of(), StopSignal.NEVER);

        assertThat(result.failed()).isEmpty();
        assertThat(result.isComplete()).isTrue();
        assertThat(result.finished()).hasSize(65);
        assertThat(database.text(doneManifests)).as("rows of finished batches").isEqualTo(manifests);
        assertThat(database.text(doneBlobs)).as("rows of a finished migration").isEqualTo(blobs);
        assertThat(database.text(doneJobs)).as("finished batch jobs").isEqualTo(jobs);
        assertThat(database.number(
                        "SELECT count(*) FROM public.manifests WHERE media_type_id_convert_to_bigint <> media_type_id"))
                .isZero();
        assertThat(database.number("SELECT count(*) FROM public.blobs WHERE id IS NULL"))
                .isZero();
        assertThat(database.text("SELECT count(DISTINCT id) = count(*) FROM public.blobs"))
                .isEqualTo("t");
        MigrationOverview copy = BatchedMigrations.on(database)
                .build()
                .status()
                .overviews(List.of(COPY))
                .get(0);
        assertThat(copy.migratedTupleCount()).isEqualTo(2_100);
        assertThat(copy.coveredTupleCount()).isEqualTo(3_000);
    }

    /** What they have begun is for the replicas; what nobody has begun over small tables is done with the schema. */
    @Test
    void isMigratedWithAnEngineAtHand() throws Exception {
        database.execute("UPDATE batched_background_migrations SET status = 1 WHERE status = 4");
        String before =
                database.text("SELECT string_agg(id || ' ' || status, ',') FROM batched_background_migration_jobs");
        try (Connection connection = DriverManager.getConnection(database.url());
                BatchedMigrations engine = BatchedMigrations.on(database).build()) {
            Scope.child(Map.of(Scope.Attr.ui.name(), new LoggerUIService()), () -> {
                Liquibase liquibase =
                        new Liquibase(REGISTRY, new ClassLoaderResourceAccessor(), new JdbcConnection(connection));
                liquibase.setShowSummary(UpdateSummaryEnum.OFF);
                SmallTables small = new SmallTables(engine, Duration.ofMinutes(1), line -> {});
                liquibase.setChangeExecListener(small);
                liquibase.update(new Contexts(), new LabelExpression());
                small.run(liquibase.getDatabase());
            });
        }

        assertThat(
                        database.text(
                                "SELECT string_agg(id || ' ' || status, ',') FROM batched_background_migration_jobs WHERE id <= 7"))
                .isEqualTo(before);
        assertThat(database.number("SELECT count(*) FROM batched_background_migrations WHERE status = 2"))
                .isGreaterThan(60);
    }

    @Test
    void goesOnWithTheFailedBatchAndTheOneThatWasNeverStarted() {
        PostgresExtension.migrate(database, REGISTRY);
        BatchedMigrations engine = BatchedMigrations.on(database).build();

        engine.runToEnd(List.of(COPY), StopSignal.NEVER);

        assertThat(database.column("""
                SELECT min_value || ' to ' || max_value || ' status ' || status
                FROM batched_background_migration_jobs
                WHERE id > 5
                ORDER BY id
                LIMIT 3
                """))
                .containsExactly("901 to 1200 status 2", "1201 to 1500 status 2", "1501 to 1800 status 2");
    }

    @Test
    void leavesWhatIsPausedPausedWhenReplicasRun() {
        PostgresExtension.migrate(database, REGISTRY);
        BatchedMigrations engine = BatchedMigrations.on(database).build();

        for (int turn = 0; turn < 500; turn++) {
            Planner.Plan plan = engine.planner().plan();
            plan.due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));
            if (plan.active() == 0) {
                break;
            }
        }

        assertThat(database.column("SELECT name FROM batched_background_migrations WHERE status <> 2"))
                .containsExactly("backfill_blobs_p_2_id_column");
        assertThat(database.number("SELECT count(*) FROM partitions.blobs_p_2 WHERE id IS NULL"))
                .isPositive();
    }

    @Test
    void understandsTheStatusesThatTheContainerRegistryWrote() {
        PostgresExtension.migrate(database, REGISTRY);

        assertThat(BatchedMigrations.on(database).build().status().overviews(List.of()))
                .extracting(overview -> overview.migration().status())
                .startsWith(
                        MigrationStatus.RUNNING,
                        MigrationStatus.FINISHED,
                        MigrationStatus.ACTIVE,
                        MigrationStatus.PAUSED);
        assertThat(BatchedMigrations.on(database)
                        .build()
                        .status()
                        .overviews(List.of(COPY))
                        .get(0)
                        .progressPercent())
                .hasValue(30);
    }
}
