package org.registrybbm.migrations.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The registry's own two batched migrations, on the tables that its changelog makes. */
@Tag("slow")
class RegistryWorkFunctionsTest {
    private static final String COPY = "copy_manifests_media_type_id_column_to_media_type_id_convert_to_bigint_column";

    private final TestDatabase database = PostgresExtension.registry();

    /** As where the tables had rows when they were queued. */
    @BeforeEach
    void activate() {
        database.execute("""
                UPDATE batched_background_migrations
                SET status = 1, finished_at = NULL, verified_at = NULL, verifiable = NULL, total_tuple_count = NULL;
                DELETE FROM batched_background_migration_events
                """);
    }

    @AfterEach
    void drop() {
        PostgresExtension.drop(database);
    }

    @Test
    void fillManifestsAndBlobsOfEveryPartition() {
        database.execute("""
                INSERT INTO public.media_types (media_type) SELECT 'application/x-' || i FROM generate_series(1, 9) i;
                -- Older than the trigger.
                ALTER TABLE public.manifests DISABLE TRIGGER USER;
                INSERT INTO public.manifests
                    (top_level_namespace_id, repository_id, schema_version, media_type_id, digest, payload, total_size)
                SELECT i % 300, i % 17, 2, 1 + i % 9, sha256(i::text::bytea), '', i FROM generate_series(1, 4000) i;
                ALTER TABLE public.manifests ENABLE TRIGGER USER;
                INSERT INTO public.blobs (size, media_type_id, digest, id)
                SELECT i, 1, sha256(i::text::bytea), NULL FROM generate_series(1, 2000) i;
                INSERT INTO public.blobs (size, media_type_id, digest)
                SELECT i, 1, sha256(('new ' || i)::bytea) FROM generate_series(1, 500) i;
                ANALYZE public.manifests;
                ANALYZE public.blobs
                """);
        String untouched =
                "SELECT md5(string_agg(id || ' ' || xmin, ',' ORDER BY digest)) FROM public.blobs WHERE size = -1";
        database.execute("UPDATE public.blobs SET size = -1 WHERE id IS NOT NULL");
        String before = database.text(untouched);

        RunResult result = BatchedMigrations.on(database).build().runToEnd(List.of(), StopSignal.NEVER);

        assertThat(result.failed()).isEmpty();
        assertThat(result.isComplete()).isTrue();
        assertThat(result.finished()).hasSize(65);
        assertThat(database.number(
                        "SELECT count(*) FROM public.manifests WHERE media_type_id_convert_to_bigint = media_type_id"))
                .isEqualTo(4_000);
        assertThat(database.text("SELECT count(*) || ' ' || count(DISTINCT id) FROM public.blobs"))
                .isEqualTo("2500 2500");
        assertThat(database.text(untouched)).isEqualTo(before);
        MigrationOverview copy = BatchedMigrations.on(database)
                .build()
                .status()
                .overviews(List.of(COPY))
                .get(0);
        assertThat(copy.migratedTupleCount()).isEqualTo(4_000);
        assertThat(copy.migration().totalTupleCount()).isEqualTo(4_000);
    }

    @Test
    void finishOnARegistryWithoutAnyRows() {
        RunResult result = BatchedMigrations.on(database).build().runToEnd(List.of(), StopSignal.NEVER);

        assertThat(result.isComplete()).isTrue();
        assertThat(result.finished()).hasSize(65);
    }
}
