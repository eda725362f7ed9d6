package org.registrybbm.migrations.liquibase.conversion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.liquibase.ChangelogRun;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** All that Liquibase can do with a changeset, for each of our changes. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class EveryCommandTest {
    private static final String GONE = "the old columns of 'widen' are gone";

    /**
     * A change.
     *
     * @param change as it stands in the changelog
     * @param script what is in the script that does it
     * @param back what is in the script that takes it back, or in the refusal
     */
    private record Life(String change, String script, String back) {}

    private static final List<Life> LIVES = List.of(
            new Life(
                    "queueBatchedMigration: {name: fill, tableName: t.orders, keyColumns: id, workFunction: copyColumn,"
                            + " arguments: {from: customer, to: filled}}",
                    "SELECT queue_batched_migration(",
                    "SELECT unqueue_batched_migration("),
            new Life(
                    "requireBatchedMigration: {names: fill}",
                    "SELECT require_batched_migrations(",
                    "Rolling Back ChangeSet"),
            new Life(
                    "setNotNullAfter: {names: fill, tableName: t.orders, columnName: filled}",
                    "SET NOT NULL",
                    "DROP NOT NULL"),
            new Life(
                    Shop.ADD, "column_conversion_steps('widen', 'add')", "column_conversion_steps('widen', 'abandon')"),
            new Life(
                    Shop.FINISH,
                    "column_conversion_steps('widen', 'finish')",
                    "column_conversion_steps('widen', 'undo')"),
            new Life(
                    Shop.UNDO,
                    "column_conversion_steps('widen', 'undo')",
                    "column_conversion_steps('widen', 'finish')"),
            new Life("finishColumnConversion: {name: widen }", "'finish'", "'undo'"),
            new Life(Shop.DROP, "column_conversion_steps('widen', 'drop')", GONE));

    private final TestDatabase database;

    @TempDir
    Path directory;

    EveryCommandTest(TestDatabase database) {
        this.database = database;
        database.execute("DROP TABLE IF EXISTS databasechangelog, databasechangeloglock");
    }

    @Test
    void isUnderstoodByEachChange() {
        Shop shop = Shop.open(database, Set.of());
        database.execute(
                "ALTER TABLE t.orders ADD COLUMN filled int; ALTER TABLE t.orders ALTER COLUMN filled SET DEFAULT 0");
        List<String> changes = new ArrayList<>();
        for (Life life : LIVES) {
            changes.add(life.change());
            ChangelogRun changelog = shop.changelog(directory, changes.toArray(String[]::new));
            changelog.validate();
            assertThat(changelog.status()).contains("1 changeset has not been applied");
            assertThat(changelog.updateSql()).contains(life.script());
            assertThat(changelog.status()).contains("1 changeset has not been applied");

            changelog.update();

            changelog.validate();
            assertThat(changelog.status()).contains("is up to date");
            if (life.back().equals(GONE)) {
                assertThatThrownBy(() -> changelog.rollbackSql(1)).hasMessageContaining(GONE);
                assertThatThrownBy(() -> changelog.rollback(1)).hasMessageContaining(GONE);
            } else {
                assertThat(changelog.rollbackSql(1)).contains(life.back());
                changelog.rollback(1);
                assertThat(changelog.status()).contains("1 changeset has not been applied");
                changelog.update();
            }
            run();
            shop.use();
        }
    }

    private void run() {
        try (BatchedMigrations engine = BatchedMigrations.on(database).build()) {
            assertThat(engine.runToEnd(List.of(), StopSignal.NEVER).isComplete())
                    .isTrue();
        }
    }
}
