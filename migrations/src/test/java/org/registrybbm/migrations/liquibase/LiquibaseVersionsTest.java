package org.registrybbm.migrations.liquibase;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.registrybbm.migrations.testkit.forms.LongBuild;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Our changelogs and changes in the Liquibase of other people: the oldest that is supported, that of Spring Boot 3.5, and ours. */
@Tag("slow")
class LiquibaseVersionsTest {
    // What works in another default schema works in the usual one, which most other tests have; -Dbbm.matrix=long tries
    // both.
    private static final List<String> SCHEMAS = LongBuild.IS_ON ? List.of("public", "app") : List.of("app");

    private static final Path OTHERS = Path.of("target", "liquibase");
    private static final String CHANGELOG = """
            databaseChangeLog:
            - include: {file: org/registrybbm/db/quartz.xml}
            - include: {file: org/registrybbm/db/batched-migrations.xml}
            - changeSet:
                id: 1
                author: test
                changes:
                - sql: {sql: "CREATE TABLE users (id bigint PRIMARY KEY, email text)"}
                - queueBatchedMigration:
                    {name: m, tableName: %s.users, workFunction: w, keyColumns: id, arguments: {a: 1}}
            - changeSet:
                id: gate
                author: test
                changes:
                - requireBatchedMigration: {names: m, mode: wait}
            - include: {file: more.xml}
            """;
    private static final String MORE = Formats.xml("""
            <changeSet id="2" author="test">
              <preConditions onSqlOutput="TEST"><bbm:batchedMigrationFinished names="m"/></preConditions>
              <bbm:requireBatchedMigration names="m"/>
            </changeSet>
            """);

    @TempDir
    Path directory;

    static Stream<Arguments> versions() throws IOException {
        List<String> others;
        try (Stream<Path> jars = Files.list(OTHERS)) {
            others = jars.map(jar -> jar.getFileName().toString()).sorted().toList();
        }
        assertThat(others).isNotEmpty();
        return Stream.concat(others.stream(), Stream.of("ours"))
                .flatMap(version -> SCHEMAS.stream().map(schema -> Arguments.of(version, schema)));
    }

    @ParameterizedTest
    @MethodSource("versions")
    @Sample(oneOf = 2)
    void runOurChangelogs(String version, String schema) throws Exception {
        Files.writeString(directory.resolve("changes.yaml"), CHANGELOG.formatted(schema));
        Files.writeString(directory.resolve("more.xml"), MORE);
        TestDatabase database = PostgresExtension.empty();
        try {
            database.execute("CREATE SCHEMA IF NOT EXISTS " + schema);

            // Twice: the second run must find the checksums of the first.
            for (int run = 0; run < 2; run++) {
                update(version, database, schema);
            }

            assertThat(database.text("SELECT state FROM %s.batched_migration_gate('{m}')".formatted(schema)))
                    .isEqualTo("verified");
            assertThat(database.number("SELECT count(*) FROM %s.qrtz_locks".formatted(schema)))
                    .isPositive();
            assertThat(database.number(
                            "SELECT count(*) FROM %s.databasechangelog WHERE author = 'test'".formatted(schema)))
                    .isEqualTo(3);
        } finally {
            PostgresExtension.drop(database);
        }
    }

    private void update(String version, TestDatabase database, String schema) throws Exception {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try (URLClassLoader loader = new URLClassLoader(classPath(version), ClassLoader.getPlatformClassLoader())) {
            thread.setContextClassLoader(loader);
            loader.loadClass(PlainUpdate.class.getName())
                    .getMethod("run", String.class, String.class, String.class)
                    .invoke(null, database.url(), directory.toString(), schema);
        } catch (InvocationTargetException e) {
            throw new IllegalStateException(
                    String.valueOf(Objects.requireNonNull(e.getCause()).getMessage()), e.getCause());
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    private static URL[] classPath(String version) {
        Stream<Path> ours = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(Path::of)
                .filter(path ->
                        version.equals("ours") || !path.getFileName().toString().startsWith("liquibase-core"));
        Stream<Path> other = version.equals("ours") ? Stream.of() : Stream.of(OTHERS.resolve(version));
        return Stream.concat(other, ours).map(LiquibaseVersionsTest::url).toArray(URL[]::new);
    }

    private static URL url(Path path) {
        try {
            return path.toUri().toURL();
        } catch (MalformedURLException e) {
            throw new IllegalStateException(e);
        }
    }
}
