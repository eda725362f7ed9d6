package org.registrybbm.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import liquibase.Scope;
import liquibase.UpdateSummaryEnum;
import liquibase.database.jvm.JdbcConnection;
import liquibase.resource.ClassLoaderResourceAccessor;
import liquibase.resource.CompositeResourceAccessor;
import liquibase.resource.DirectoryResourceAccessor;
import liquibase.resource.ResourceAccessor;
import liquibase.ui.LoggerUIService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.liquibase.lint.ChangelogLint;
import org.registrybbm.migrations.liquibase.lint.DefinitionLint;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.work.WorkRegistry;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The changelogs of docs/deploying.md and docs/flyway.md, as they stand there, on a database. */
class ChangelogTest {
    private static final Path DOCS = Path.of("..", "docs");

    private final TestDatabase database = PostgresExtension.empty();

    @TempDir
    Path directory;

    @AfterEach
    void drop() {
        PostgresExtension.drop(database);
    }

    private void users(int rows) {
        database.execute("""
                CREATE TABLE public.users (id bigint PRIMARY KEY, legacy_id int, legacy_id_bigint bigint);
                INSERT INTO public.users (id, legacy_id) SELECT n, n FROM generate_series(1, %d) AS n
                """.formatted(rows));
    }

    private static List<String> blocks(String document, String language) throws IOException {
        return Pattern.compile("( *)```" + language + "\\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(DOCS.resolve(document)))
                .results()
                .map(block -> block.group(2).stripIndent())
                .toList();
    }

    private void update(String file, String text) throws Exception {
        Files.writeString(directory.resolve(file), text);
        try (Connection connection = database.getConnection();
                ResourceAccessor resources = new CompositeResourceAccessor(
                        new DirectoryResourceAccessor(directory), new ClassLoaderResourceAccessor())) {
            Scope.child(Map.of(Scope.Attr.ui.name(), new LoggerUIService()), () -> {
                Liquibase liquibase = new Liquibase(file, resources, new JdbcConnection(connection));
                liquibase.setShowSummary(UpdateSummaryEnum.OFF);
                liquibase.update(new Contexts(), new LabelExpression());
            });
        }
    }

    @Test
    void twoReleasesInYaml() throws Exception {
        users(20_000);
        List<String> yaml = blocks("deploying.md", "yaml");
        String notNull = yaml.stream()
                .filter(block -> block.contains("setNotNullAfter"))
                .findFirst()
                .orElseThrow();
        String first = yaml.get(0) + yaml.get(1);
        update("changes.yaml", first);
        assertThatThrownBy(() -> update("changes.yaml", first + yaml.get(2)))
                .rootCause()
                .hasMessageContaining("batched migration 'widen_legacy_id' is not finished");
        try (BatchedMigrations engine = BatchedMigrations.on(database).build()) {
            assertThat(NewColumn.toRead(engine)).isEqualTo("legacy_id");
            assertThat(engine.runToEnd(List.of(), StopSignal.NEVER).isComplete())
                    .isTrue();
        }

        update("changes.yaml", first + notNull + yaml.get(2));

        assertThat(database.number("""
                        SELECT count(*) FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'legacy_id'
                        """)).isZero();
        assertThat(database.text("""
                        SELECT attnotnull FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'legacy_id_bigint'
                        """)).isEqualTo("t");
    }

    /** Over an empty table, as on a developer's machine, both releases run through. */
    @Test
    void twoReleasesInXml() throws Exception {
        users(0);
        update("engine.yaml", blocks("deploying.md", "yaml").get(0));

        update(
                "changes.xml",
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                        + blocks("deploying.md", "xml").get(0));

        assertThat(database.number("SELECT count(*) FROM databasechangelog WHERE author = 'ann'"))
                .isEqualTo(2);
    }

    @Test
    void twoReleasesInSql() throws Exception {
        users(20_000);
        PostgresExtension.migrate(database, PostgresExtension.ENGINE_CHANGELOG);
        List<String> sql = blocks("flyway.md", "sql");
        database.execute(sql.get(0));
        assertThatThrownBy(() -> database.execute(sql.get(1)))
                .hasMessageContaining("batched migration 'widen_legacy_id' is not finished");
        try (BatchedMigrations engine = BatchedMigrations.on(database).build()) {
            assertThat(engine.runToEnd(List.of(), StopSignal.NEVER).isComplete())
                    .isTrue();
        }

        database.execute(sql.get(1));

        assertThat(blocks("deploying.md", "sql").get(0))
                .contains(sql.get(0).lines().skip(2).findFirst().orElseThrow());
    }

    @Test
    void fromIntegerToBigint() throws Exception {
        PostgresExtension.migrate(database, PostgresExtension.ENGINE_CHANGELOG);
        database.execute("""
                CREATE TABLE public.orders (id serial PRIMARY KEY, parent int REFERENCES public.orders);
                INSERT INTO public.orders (parent) SELECT nullif(n / 2, 0) FROM generate_series(1, 1000) AS n
                """);
        List<String> yaml = blocks("bigint.md", "yaml");
        String changes = "databaseChangeLog:\n" + yaml.get(0);
        update("changes.yaml", changes);
        assertThatThrownBy(() -> update("changes.yaml", changes + yaml.get(1)))
                .rootCause()
                .hasMessageContaining("batched migration 'widen_orders_id' is not finished");
        try (BatchedMigrations engine = BatchedMigrations.on(database).build()) {
            assertThat(engine.runToEnd(List.of(), StopSignal.NEVER).isComplete())
                    .isTrue();
        }

        update("changes.yaml", changes + yaml.get(1) + yaml.get(2));

        assertThat(database.column("""
                        SELECT attname || ' ' || format_type(atttypid, -1) FROM pg_attribute
                        WHERE attrelid = 'orders'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY 1
                        """)).containsExactly("id bigint", "parent bigint");
        assertThat(blocks("bigint.md", "sql").get(0))
                .contains("column_conversion_steps('widen_orders_id', 'add') \\gexec");
    }

    @Test
    void lint() throws Exception {
        // snippet: lint-in-a-test
        assertThat(ChangelogLint.check("db/changelog.yaml", Set.of(), WorkRegistry.of(List.of(new MyWorkFunctions()))))
                .isEmpty();
        // end
    }

    @Test
    void lintOnADatabase() throws Exception {
        PostgresExtension.migrate(database, PostgresExtension.ENGINE_CHANGELOG);
        database.execute("""
                CREATE SCHEMA shop;
                CREATE TABLE shop.users (id bigint PRIMARY KEY, email text);
                CREATE INDEX users_upper_case ON shop.users (id) WHERE email <> lower(email)
                """);
        DataSource dataSource = database;
        // snippet: lint-on-a-database
        assertThat(DefinitionLint.check(
                        "db/changelog.yaml", dataSource, WorkRegistry.of(List.of(new MyWorkFunctions()))))
                .isEmpty();
        // end

        database.execute("DROP INDEX shop.users_upper_case");
        assertThat(DefinitionLint.check(
                        "db/changelog.yaml", dataSource, WorkRegistry.of(List.of(new MyWorkFunctions()))))
                .hasSize(1);
    }
}
