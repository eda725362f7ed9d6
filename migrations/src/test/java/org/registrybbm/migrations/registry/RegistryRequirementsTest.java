package org.registrybbm.migrations.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** What is made in a container registry's database must not get in the way of what its own software has still to make. */
@Tag("slow")
class RegistryRequirementsTest {
    private static final String REGISTRY = "org/registrybbm/db/registry.xml";
    private static final String STRUCTURE = System.getProperty("registry.structure", "");
    private static final String OBJECTS = """
            SELECT n.nspname || '.' || c.relname
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname IN ('public', 'partitions') AND c.relname NOT LIKE 'databasechangelog%'
            ORDER BY 1
            """;
    private static final String INSERT = """
            INSERT INTO public.manifests
                (top_level_namespace_id, repository_id, schema_version, media_type_id, digest, payload, total_size)
            VALUES (7, 7, 2, 2, 'new', '', 1)
            """;
    private static final String COPY =
            "SELECT media_type_id || ' ' || media_type_id_convert_to_bigint FROM public.manifests WHERE digest = 'new'";

    private final List<TestDatabase> databases = new ArrayList<>();

    private TestDatabase keep(TestDatabase database) {
        databases.add(database);
        return database;
    }

    @AfterEach
    void drop() {
        databases.forEach(PostgresExtension::drop);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            20251021 | DELETE FROM batched_background_migrations WHERE name LIKE 'backfill%' | 20251021070732_bbm_backfill_blobs_id_column
            20251009 | ALTER TABLE public.blobs DROP COLUMN id; DROP SEQUENCE public.blobs_id_seq | 20251009082000_add_blobs_table_id_column
            20250421 | ALTER TABLE public.manifests DROP COLUMN media_type_id_convert_to_bigint; ALTER TABLE public.blobs DROP COLUMN id; DROP SEQUENCE public.blobs_id_seq | 20250421055504_create_media_type_id_convert_to_bigint_column
            20240604074846 | DROP TABLE batched_background_migration_jobs; ALTER TABLE public.blobs DROP COLUMN id; DROP SEQUENCE public.blobs_id_seq | 20240604074846_create_batched_background_migration_jobs_table
            20240604 | DROP TABLE batched_background_migration_jobs, batched_background_migrations; ALTER TABLE public.blobs DROP COLUMN id; DROP SEQUENCE public.blobs_id_seq | 20240604074823_create_batched_background_migrations_table
            """)
    @Sample(oneOf = 2)
    void anOlderContainerRegistryIsRefusedBeforeAnythingIsChanged(String from, String undo, String missing) {
        TestDatabase database = keep(TakeOverRegistryTest.containerRegistry());
        database.execute(undo + "; DELETE FROM schema_migrations WHERE id >= '" + from + "'");
        List<String> objects = database.column(OBJECTS);

        assertThatThrownBy(() -> PostgresExtension.migrate(database, REGISTRY))
                .hasStackTraceContaining("bring the registry to 4.32 first")
                .hasStackTraceContaining(missing);

        assertThat(database.column(OBJECTS)).isEqualTo(objects);
    }

    @Test
    void itIsTakenOverOnceItWasBroughtThere() {
        TestDatabase database = keep(TakeOverRegistryTest.containerRegistry());
        database.execute("ALTER TABLE public.blobs DROP COLUMN id; DROP SEQUENCE public.blobs_id_seq;"
                + " DELETE FROM schema_migrations WHERE id >= '20251009'");
        assertThatThrownBy(() -> PostgresExtension.migrate(database, REGISTRY)).isNotNull();
        database.execute("""
                CREATE SEQUENCE public.blobs_id_seq;
                ALTER TABLE public.blobs ADD COLUMN id bigint;
                ALTER TABLE public.blobs ALTER COLUMN id SET DEFAULT nextval('public.blobs_id_seq');
                INSERT INTO schema_migrations (id, applied_at)
                VALUES ('20251009082000_add_blobs_table_id_column', now()), ('20251021070732_bbm_backfill_blobs_id_column', now())
                """);

        PostgresExtension.migrate(database, REGISTRY);

        assertThat(database.number("SELECT count(*) FROM batched_background_migrations"))
                .isEqualTo(65);
    }

    @Test
    void anotherToolsTableOfThatNameIsNone() {
        TestDatabase database = keep(PostgresExtension.empty());
        database.execute("CREATE TABLE schema_migrations (version text PRIMARY KEY);"
                + " INSERT INTO schema_migrations VALUES ('20240101000000')");

        PostgresExtension.migrate(database, REGISTRY);

        assertThat(database.number("SELECT count(*) FROM batched_background_migrations"))
                .isEqualTo(65);
    }

    @Test
    void whatIsWrittenToOurOwnManifestsNeedsNoMigration() {
        TestDatabase database = keep(PostgresExtension.empty());
        PostgresExtension.migrate(database, REGISTRY);

        database.execute(INSERT);
        assertThat(database.text(COPY)).isEqualTo("2 2");
        database.execute("UPDATE public.manifests SET media_type_id = 3");
        assertThat(database.text(COPY)).isEqualTo("3 3");
        database.execute("INSERT INTO partitions.manifests_p_0 SELECT * FROM public.manifests LIMIT 0");
        assertThat(database.number(
                        "SELECT count(*) FROM pg_trigger WHERE tgname = 'trigger_manifests_copy_media_type_id'"))
                .isEqualTo(65);
    }

    @Test
    void theContainerRegistrysManifestsKeepWhatTriggersTheyHave() {
        TestDatabase database = keep(TakeOverRegistryTest.containerRegistry());
        PostgresExtension.migrate(database, REGISTRY);

        assertThat(database.number(
                        "SELECT count(*) FROM pg_trigger WHERE tgname = 'trigger_manifests_copy_media_type_id'"))
                .isZero();
    }

    @Test
    void theStructureThatItsOwnBinaryMakesIsTakenOverAsItIs() throws IOException {
        Path structure = Path.of(STRUCTURE);
        assumeTrue(!STRUCTURE.isEmpty() && Files.exists(structure), "no structure of a container registry is given");
        TestDatabase database = keep(PostgresExtension.empty());
        // Without the commands of psql, and who owns what.
        database.execute(Files.readString(structure)
                .lines()
                .filter(line -> !line.startsWith("\\") && !line.contains(" OWNER TO "))
                .filter(line -> !line.startsWith("SET ") && !line.startsWith("SELECT pg_catalog.set_config"))
                .collect(Collectors.joining("\n")));
        List<String> objects = database.column(OBJECTS);

        PostgresExtension.migrate(database, REGISTRY);

        assertThat(database.column(OBJECTS)).containsAll(objects);
        assertThat(BatchedMigrations.on(database)
                        .build()
                        .runToEnd(List.of(), StopSignal.NEVER)
                        .isComplete())
                .isTrue();
        database.execute("INSERT INTO top_level_namespaces (id, name) VALUES (7, 'seven');"
                + " INSERT INTO repositories (id, top_level_namespace_id, name, path) VALUES (7, 7, 'seven', 'seven');"
                + " INSERT INTO media_types (id, media_type) VALUES (2, 'application/x');" + INSERT);
        assertThat(database.text(COPY)).isEqualTo("2 2");
    }
}
