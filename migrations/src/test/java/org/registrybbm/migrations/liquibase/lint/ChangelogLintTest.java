package org.registrybbm.migrations.liquibase.lint;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import liquibase.Scope;
import liquibase.changelog.ChangeLogParameters;
import liquibase.parser.ChangeLogParserFactory;
import liquibase.resource.DirectoryResourceAccessor;
import liquibase.resource.ResourceAccessor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.registrybbm.migrations.work.WorkRegistry;

/** Small changelogs, each with one fault. */
class ChangelogLintTest {
    /** A column that is filled in one release and relied upon in the next, as it should be. */
    private static final String GOOD = """
            databaseChangeLog:
            - changeSet:
                id: column
                author: test
                changes:
                - addColumn:
                    tableName: users
                    columns: [{column: {name: wide, type: bigint}}]
            - changeSet:
                id: queue
                author: test
                changes:
                - queueBatchedMigration:
                    name: widen
                    tableName: public.users
                    keyColumns: id
                    workFunction: copyColumn
                    arguments: {from: narrow, to: wide}
                    newRows: application
            - changeSet:
                id: tag
                author: test
                changes:
                - tagDatabase: {tag: "1"}
            - changeSet:
                id: gate
                author: test
                changes:
                - requireBatchedMigration: {names: widen}
            - changeSet:
                id: use
                author: test
                changes:
                - sql: {sql: SET LOCAL lock_timeout = '2s'}
                - addNotNullConstraint: {tableName: users, columnName: wide}
                - dropColumn: {tableName: users, columnName: narrow}
            """;

    private static final String CHANGES_OF_GATE = "changes:\n    - requireBatched";

    @TempDir
    Path directory;

    /** Adds lines to a changeset, before the line that begins so. */
    private static String insert(String before, String lines) {
        return GOOD.replace("    " + before, lines.indent(4) + "    " + before);
    }

    private List<String> findings(String text) throws Exception {
        return findings("changes.yaml", text);
    }

    private List<String> findings(String file, String text) throws Exception {
        Files.writeString(directory.resolve(file), text);
        ResourceAccessor resources = new DirectoryResourceAccessor(directory);
        List<Finding> findings = new ArrayList<>();
        Scope.child(
                Map.of(Scope.Attr.resourceAccessor.name(), resources),
                () -> findings.addAll(ChangelogLint.check(
                        ChangeLogParserFactory.getInstance()
                                .getParser(file, resources)
                                .parse(file, new ChangeLogParameters(), resources),
                        Set.of("elsewhere"),
                        WorkRegistry.shipped())));
        return findings.stream()
                .map(one -> (one.error() ? "error " : "warning ") + one.rule().id() + " "
                        + one.changeSet().replace(" of test", ""))
                .toList();
    }

    @Test
    void hasNothingToSayOfAGoodChangelog() throws Exception {
        assertThat(findings(GOOD)).isEmpty();
    }

    static Stream<Arguments> faults() {
        String ungated = GOOD.replace("- requireBatchedMigration: {names: widen}", "- empty: {}");
        return Stream.of(
                Arguments.of(
                        GOOD.replace("names: widen}", "names: widden}"),
                        List.of("error gate-unknown-name gate", "error gate-missing use", "error gate-missing use")),
                Arguments.of(ungated, List.of("error gate-missing use", "error gate-missing use")),
                Arguments.of(insert(CHANGES_OF_GATE, """
                        preConditions:
                        - onFail: MARK_RAN
                        - onSqlOutput: TEST
                        - batchedMigrationFinished: {names: widen}
                        """), List.of("error gate-soft gate")),
                Arguments.of(
                        GOOD.replace("- requireBatchedMigration: {names: widen}", "- requireBatchedMigraton: widen"),
                        List.of("error node-unknown gate", "error gate-missing use", "error gate-missing use")),
                Arguments.of(
                        GOOD.replace("- tagDatabase: {tag: \"1\"}", "- empty: {}"),
                        List.of("warning gate-same-release gate")),
                Arguments.of(GOOD.replace("        newRows: application\n", ""), List.of("warning sync-missing queue")),
                Arguments.of(
                        GOOD.replace("workFunction: copyColumn", "workFunction: copyColum\n        writes: wide"),
                        List.of("error function-unregistered queue")),
                Arguments.of(insert("- tagDatabase", """
                        - createIndex:
                            indexName: i
                            tableName: users
                            columns: [{column: {name: wide}}]
                        """), List.of("warning index-before-copy tag")),
                Arguments.of(insert("- tagDatabase", """
                        - sql: {sql: CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON other (x)}
                        """), List.of("error concurrently tag", "error concurrently tag")),
                Arguments.of(
                        GOOD.replace("    - sql: {sql: SET LOCAL lock_timeout = '2s'}\n", ""),
                        List.of("warning lock-timeout-missing use")),
                Arguments.of(
                        ungated.replace(
                                "    - addNotNullConstraint: {tableName: users, columnName: wide}\n    - dropColumn: {tableName: users, columnName: narrow}",
                                "    - sql: {sql: ALTER TABLE public.users ALTER COLUMN wide SET NOT NULL}"),
                        List.of("warning gate-missing use")));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void findsAFault(String changelog, List<String> expected) throws Exception {
        assertThat(findings(changelog)).isEqualTo(expected);
    }

    @Test
    void findsAKeyThatIsWrittenTwice() throws Exception {
        assertThat(findings(insert(CHANGES_OF_GATE, """
                        preConditions:
                        - onSqlOutput: TEST
                        - batchedMigrationFinished: {names: widen}
                        preConditions:
                        - sqlCheck: {expectedResult: 1, sql: SELECT 1}
                        """))).contains("error node-unknown ");
    }

    @Test
    void knowsMigrationsThatAreQueuedElsewhereOrBySql() throws Exception {
        assertThat(findings(GOOD.replace("names: widen}", "names: [widen, elsewhere]}")))
                .isEmpty();
        assertThat(findings("changes.sql", """
                --liquibase formatted sql

                --changeset test:1
                SELECT queue_batched_migration(name => 'widen', table_name => 'public.users', work_function => 'w', key_columns => 'id');

                --changeset test:2
                SELECT require_batched_migrations('{widen}');

                --changeset test:3
                SELECT require_batched_migrations('{widden}');
                """)).containsExactly("error gate-unknown-name 3");
    }

    @Test
    void ignoresWhatAPersonHasGivenAReasonFor() throws Exception {
        String ignored = GOOD.replace(
                        "    id: gate\n", "    id: gate\n    comment: 'bbm-lint:ignore gate-same-release it is tiny'\n")
                .replace("- tagDatabase: {tag: \"1\"}", "- empty: {}");

        assertThat(findings(ignored)).isEmpty();
        assertThat(findings(ignored.replace(" it is tiny", ""))).containsExactly("warning gate-same-release gate");
    }

    @Test
    void takesATriggerForTheOneThatKeepsNewRowsRight() throws Exception {
        assertThat(findings(insert("- tagDatabase", """
                        - sql:
                            splitStatements: false
                            sql: CREATE TRIGGER sync BEFORE INSERT ON public.users FOR EACH ROW EXECUTE FUNCTION f()
                        """).replace("        newRows: application\n", "")))
                .isEmpty();
    }

    @Test
    void findsNothingInTheEnginesOwnChangelogs() throws Exception {
        assertThat(ChangelogLint.check("org/registrybbm/db/registry.xml", Set.of(), null))
                .isEmpty();
    }
}
