package org.registrybbm.migrations.schema;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.DriverManager;
import java.util.List;
import java.util.Map;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import liquibase.Scope;
import liquibase.UpdateSummaryEnum;
import liquibase.database.jvm.JdbcConnection;
import liquibase.resource.ClassLoaderResourceAccessor;
import liquibase.ui.LoggerUIService;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/**
 * Liquibase commits a changeset and then, in another transaction, that it has run. A run that is killed in between leaves a changeset that
 * the next run makes once more. So each of ours can be made twice, and the second time changes nothing.
 */
@Tag("slow")
class RepeatedChangesetsTest {
    private static final String SCHEMA = """
            SELECT 'column ' || table_schema || '.' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' '
                || coalesce(column_default, '')
            FROM information_schema.columns
            WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_name NOT LIKE 'databasechangelog%'
            UNION ALL
            SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
            FROM pg_constraint
            WHERE conrelid <> 0 AND conrelid::regclass::text NOT LIKE 'databasechangelog%'
            UNION ALL
            SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname IN ('public', 'partitions') AND tablename NOT LIKE 'databasechangelog%'
            UNION ALL
            SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
            UNION ALL
            SELECT 'function ' || oid::regprocedure || md5(prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
            UNION ALL
            SELECT 'comment ' || objoid::regclass || objsubid || description FROM pg_description WHERE classoid = 'pg_class'::regclass
                AND objoid::regclass::text ~ '^(batched|qrtz|manifests|blobs|media|partitions)'
            ORDER BY 1
            """;

    private static void update(TestDatabase database, String changelog, boolean twice) throws Exception {
        try (Connection connection = DriverManager.getConnection(database.url())) {
            Scope.child(Map.of(Scope.Attr.ui.name(), new LoggerUIService()), () -> {
                try (Liquibase liquibase =
                        new Liquibase(changelog, new ClassLoaderResourceAccessor(), new JdbcConnection(connection))) {
                    liquibase.setShowSummary(UpdateSummaryEnum.OFF);
                    int changesets =
                            liquibase.getDatabaseChangeLog().getChangeSets().size();
                    for (int i = 0; i < changesets; i++) {
                        liquibase.update(1, new Contexts(), new LabelExpression());
                        if (twice) {
                            forgetTheLast(database);
                            liquibase.update(1, new Contexts(), new LabelExpression());
                        }
                    }
                }
            });
        }
    }

    private static void forgetTheLast(TestDatabase database) {
        database.execute("""
                DELETE FROM databasechangelog
                WHERE orderexecuted = (SELECT max(orderexecuted) FROM databasechangelog)
                """);
    }

    @ParameterizedTest
    @ValueSource(strings = "org/registrybbm/db/registry.xml")
    void changeNothing(String changelog) throws Exception {
        TestDatabase once = PostgresExtension.empty();
        TestDatabase twice = PostgresExtension.empty();
        try {
            update(once, changelog, false);
            update(twice, changelog, true);

            List<String> schema = once.column(SCHEMA);
            assertThat(schema).hasSizeGreaterThan(400);
            assertThat(twice.column(SCHEMA)).containsExactlyElementsOf(schema);
            for (String table : List.of(
                    "batched_background_migrations",
                    "batched_background_migration_budgets",
                    "batched_background_migration_schema",
                    "batched_background_migration_tallies",
                    "qrtz_locks",
                    "media_types")) {
                String count = "SELECT count(*) FROM " + table;
                assertThat(twice.number(count)).as(table).isEqualTo(once.number(count));
            }
        } finally {
            PostgresExtension.drop(once);
            PostgresExtension.drop(twice);
        }
    }
}
