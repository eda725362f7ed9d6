package org.registrybbm.migrations.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import liquibase.Liquibase;
import liquibase.Scope;
import liquibase.UpdateSummaryOutputEnum;
import liquibase.database.jvm.JdbcConnection;
import liquibase.resource.ClassLoaderResourceAccessor;
import liquibase.ui.LoggerUIService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.registry.TakeOverRegistryTest;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The changelogs: on an empty database, twice, taken back, and on a database of the container registry. */
@Tag("slow")
class ChangelogTest {
    private static final String REGISTRY = "org/registrybbm/db/registry.xml";
    private static final String OBJECTS = """
            SELECT n.nspname || '.' || c.relname || ' ' || c.relkind::text
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname IN ('public', 'partitions') AND c.relname NOT LIKE 'databasechangelog%'
            ORDER BY 1
            """;
    private static final String SHAPE = """
            SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '')
            FROM information_schema.columns
            WHERE table_name LIKE 'batched_background_migration%'
            ORDER BY 1
            """;

    private final List<TestDatabase> databases = new ArrayList<>();

    private TestDatabase empty() {
        TestDatabase database = PostgresExtension.empty();
        databases.add(database);
        return database;
    }

    @AfterEach
    void drop() {
        databases.forEach(PostgresExtension::drop);
    }

    @Test
    void makeEverythingInAnEmptyDatabaseAndNothingTheSecondTime() {
        TestDatabase database = empty();
        PostgresExtension.migrate(database, REGISTRY);
        List<String> objects = database.column(OBJECTS);
        List<String> ran = database.column("SELECT id || ' ' || dateexecuted FROM databasechangelog ORDER BY 1");

        PostgresExtension.migrate(database, REGISTRY);

        assertThat(database.column(OBJECTS)).isEqualTo(objects).contains("public.batched_background_migrations r");
        assertThat(database.column("SELECT id || ' ' || dateexecuted FROM databasechangelog ORDER BY 1"))
                .isEqualTo(ran);
        assertThat(database.number("SELECT count(*) FROM batched_background_migrations"))
                .isEqualTo(65);
        assertThatCode(() -> BatchedMigrations.on(database).build().store().requireSchema())
                .doesNotThrowAnyException();
    }

    @Test
    void leaveNothingBehindWhenTheyAreTakenBack() throws Exception {
        TestDatabase database = empty();
        PostgresExtension.migrate(database, REGISTRY);

        rollBack(database);

        assertThat(database.column(OBJECTS)).isEmpty();
        PostgresExtension.migrate(database, REGISTRY);
        assertThat(database.number("SELECT count(*) FROM batched_background_migrations"))
                .isEqualTo(65);
    }

    @Test
    void dropNothingOfTheContainerRegistrysWhenTheyAreTakenBack() throws Exception {
        TestDatabase database = TakeOverRegistryTest.containerRegistry();
        databases.add(database);
        List<String> objects = database.column(OBJECTS);
        List<String> shape = database.column(SHAPE);
        String rows =
                "SELECT md5(string_agg(id || name || status || coalesce(total_tuple_count, 0), ',' ORDER BY id)) FROM batched_background_migrations";
        String before = database.text(rows);
        PostgresExtension.migrate(database, REGISTRY);
        assertThat(database.number("SELECT count(*) FROM batched_background_migrations"))
                .isEqualTo(65);

        rollBack(database);

        assertThat(database.column(OBJECTS)).containsAll(objects);
        assertThat(database.column(SHAPE)).isEqualTo(shape);
        assertThat(database.text(rows)).isEqualTo(before);
        assertThat(database.number("SELECT count(*) FROM public.manifests")).isEqualTo(3_000);
    }

    @Test
    void makeTheSameTablesHereAndThere() {
        TestDatabase fresh = empty();
        PostgresExtension.migrate(fresh, REGISTRY);
        TestDatabase taken = TakeOverRegistryTest.containerRegistry();
        databases.add(taken);
        PostgresExtension.migrate(taken, REGISTRY);

        assertThat(taken.column(SHAPE)).isEqualTo(fresh.column(SHAPE));
        assertThat(taken.number(
                        "SELECT count(*) FROM batched_background_migrations WHERE name LIKE 'backfill_blobs_p_1_id%'"))
                .isEqualTo(1);
    }

    @Test
    void letThePlainInsertOfTheContractRun() {
        TestDatabase database = empty();
        PostgresExtension.migrate(database, PostgresExtension.ENGINE_CHANGELOG);

        database.execute("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name)
                VALUES ('plain', 1, 9223372036854775807, 10, 1, 'x', 'public.x', 'id');
                INSERT INTO batched_background_migration_jobs (batched_background_migration_id, min_value, max_value)
                SELECT id, 1, 10 FROM batched_background_migrations
                """);

        assertThat(BatchedMigrations.on(database).build().store().list(List.of("plain")))
                .hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "UPDATE batched_background_migrations SET status = 5",
                "UPDATE batched_background_migrations SET status = -1",
                "UPDATE batched_background_migration_jobs SET status = 0"
            })
    @Sample(oneOf = 3)
    void refuseAStatusThatMeansNothing(String sql) {
        TestDatabase database = empty();
        PostgresExtension.migrate(database, PostgresExtension.ENGINE_CHANGELOG);
        database.execute("""
                INSERT INTO batched_background_migrations
                    (name, max_value, batch_size, job_signature_name, table_name, column_name)
                VALUES ('plain', 1, 10, 'x', 'public.x', 'id');
                INSERT INTO batched_background_migration_jobs (batched_background_migration_id, min_value, max_value)
                SELECT id, 1, 10 FROM batched_background_migrations
                """);

        assertThatThrownBy(() -> database.execute(sql)).hasMessageContaining("status");
    }

    private static void rollBack(TestDatabase database) throws Exception {
        try (Connection connection = DriverManager.getConnection(database.url())) {
            Scope.child(Map.of(Scope.Attr.ui.name(), new LoggerUIService()), () -> {
                try (Liquibase liquibase =
                        new Liquibase(REGISTRY, new ClassLoaderResourceAccessor(), new JdbcConnection(connection))) {
                    liquibase.setShowSummaryOutput(UpdateSummaryOutputEnum.LOG);
                    liquibase.rollback(1_000, "");
                }
            });
        }
    }
}
