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
import liquibase.changelog.ChangeSet;
import liquibase.changelog.DatabaseChangeLog;
import liquibase.changelog.visitor.AbstractChangeExecListener;
import liquibase.database.Database;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.MigrationFailedException;
import liquibase.resource.ClassLoaderResourceAccessor;
import liquibase.ui.LoggerUIService;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/**
 * Liquibase commits a changeset and then, in another transaction, that it has run. A run that is killed in between leaves a changeset that
 * the next run makes once more. So each of ours can be made twice, and the second time changes nothing.
 */
@Tag("slow")
class RepeatedChangesetsTest {
    private static final String CHANGELOG = "org/registrybbm/db/registry.xml";
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

    /** Makes each changeset twice, one after the other. */
    private static void makeTwice(TestDatabase database) throws Exception {
        try (Connection connection = DriverManager.getConnection(database.url())) {
            Scope.child(Map.of(Scope.Attr.ui.name(), new LoggerUIService()), () -> {
                try (Liquibase liquibase =
                        new Liquibase(CHANGELOG, new ClassLoaderResourceAccessor(), new JdbcConnection(connection))) {
                    liquibase.setShowSummary(UpdateSummaryEnum.OFF);
                    liquibase.setChangeExecListener(new Again());
                    liquibase.update(new Contexts(), new LabelExpression());
                }
            });
        }
    }

    /** Makes a changeset once more before it is noted that it ran. */
    private static final class Again extends AbstractChangeExecListener {
        @Override
        public void ran(ChangeSet changeset, DatabaseChangeLog changelog, Database database, ChangeSet.ExecType type) {
            try {
                changeset.execute(changelog, database);
            } catch (MigrationFailedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Test
    void changeNothing() throws Exception {
        TestDatabase once = PostgresExtension.registry();
        TestDatabase twice = PostgresExtension.empty();
        try {
            makeTwice(twice);

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
