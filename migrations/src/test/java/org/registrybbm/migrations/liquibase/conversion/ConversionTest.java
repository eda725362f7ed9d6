package org.registrybbm.migrations.liquibase.conversion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.registrybbm.migrations.liquibase.conversion.Shop.ADD;
import static org.registrybbm.migrations.liquibase.conversion.Shop.DROP;
import static org.registrybbm.migrations.liquibase.conversion.Shop.FINISH;
import static org.registrybbm.migrations.liquibase.conversion.Shop.UNDO;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.liquibase.ChangelogRun;
import org.registrybbm.migrations.liquibase.Refusal;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A column is widened, narrowed again, and widened for good, with all that hangs on it. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class ConversionTest {

    private final TestDatabase database;

    @TempDir
    Path directory;

    ConversionTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void forgetChangesets() {
        database.execute("DROP TABLE IF EXISTS databasechangelog, databasechangeloglock");
    }

    private Shop shop() {
        return Shop.open(database, Set.of());
    }

    /** A table that was made wide has the same. */
    @ParameterizedTest
    @CsvSource({"orders,t.orders,id", "payments,t.payments,id", "tags,t.tags,'No \"x\"'"})
    @Sample(oneOf = 3)
    void endsAsIfTheColumnHadBeenWideFromTheBeginning(String wide, String table, String column) {
        List<String> reference = Shop.open(database, Set.of(wide)).description();
        Shop shop = shop();
        String add = "addColumnConversion: {name: widen, tableName: %s, columnName: '%s'}".formatted(table, column);

        shop.changelog(directory, add).update();
        shop.use();
        shop.copy();
        shop.changelog(directory, add, FINISH).update();
        shop.use();
        shop.changelog(directory, add, FINISH, DROP).update();
        shop.use();

        assertThat(shop.description()).containsExactlyElementsOf(reference);
    }

    /** Whatever was done is undone to the last expression. */
    @ParameterizedTest
    @CsvSource({"t.orders,id", "t.payments,id", "t.tags,'No \"x\"'"})
    @Sample(oneOf = 3)
    void isUndoneWithoutATrace(String table, String column) {
        Shop shop = shop();
        List<String> before = shop.description();
        String add = "addColumnConversion: {name: widen, tableName: %s, columnName: '%s'}".formatted(table, column);
        shop.changelog(directory, add).update();
        shop.copy();
        ChangelogRun changelog = shop.changelog(directory, add, FINISH);
        changelog.update();
        shop.use();

        changelog.rollback(1);
        shop.use();
        changelog.rollback(1);

        assertThat(shop.description()).containsExactlyElementsOf(before);
        assertThat(database.number("SELECT count(*) FROM batched_background_migrations"))
                .isZero();
        assertThat(database.number("SELECT count(*) FROM batched_background_migration_conversions"))
                .isZero();
    }

    @Test
    void isDoneAgainAfterItWasUndone() {
        Shop shop = shop();
        shop.changelog(directory, ADD).update();
        shop.copy();
        shop.changelog(directory, ADD, FINISH).update();
        List<String> finished = shop.description();
        shop.changelog(directory, ADD, FINISH, UNDO).update();
        assertThat(shop.description()).isNotEqualTo(finished);

        shop.changelog(directory, ADD, FINISH, UNDO, "finishColumnConversion: {name: widen }")
                .update();

        assertThat(shop.description()).containsExactlyElementsOf(finished);
    }

    @Test
    void isRefusedUntilTheRowsAreCopied() {
        Shop shop = shop();
        shop.changelog(directory, ADD).update();
        List<String> before = shop.description();
        ChangelogRun finish = shop.changelog(directory, ADD, FINISH);

        assertThat(finish.refusals("")).hasSize(4);
        assertThatThrownBy(finish::update)
                .hasMessageContaining("batched migration 'widen' is not finished")
                .hasMessageContaining("batched migration 'widen:t.order_lines.order_id' is not finished");

        assertThat(shop.description()).containsExactlyElementsOf(before);
        assertThat(database.number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"))
                .isZero();
    }

    /** The database has the last word, and not what was recorded of the migrations. */
    @Test
    void isRefusedByTheDatabaseWhereATwinDiffers() {
        Shop shop = shop();
        shop.changelog(directory, ADD).update();
        database.execute("""
                UPDATE batched_background_migrations SET status = 2, finished_at = now(), verified_at = now(), verifiable = true
                """);

        assertThatThrownBy(() -> shop.changelog(directory, ADD, FINISH).update())
                .hasMessageContaining("broke off in step")
                .hasMessageContaining("bbm_same_id")
                .hasMessageContaining("Run the same again");

        shop.use();
        database.execute(
                "UPDATE t.orders SET id = id; UPDATE t.order_lines SET sku = sku; UPDATE t.payments SET order_id = order_id");
        shop.changelog(directory, ADD, FINISH).update();
        shop.use();
    }

    @Test
    void overEmptyTablesNeedsNoCopy() {
        Shop shop = shop();
        database.execute("TRUNCATE t.orders, t.order_lines, t.payments");

        shop.changelog(directory, ADD, FINISH, DROP).update();

        assertThat(
                        database.text(
                                "SELECT format_type(atttypid, -1) FROM pg_attribute WHERE attrelid = 't.orders'::regclass AND attname = 'id'"))
                .isEqualTo("bigint");
    }

    @Test
    void leavesTheColumnsThatReferToItIfToldSo() {
        Shop shop = shop();
        String add = "addColumnConversion: {name: widen, tableName: t.orders, columnName: id, referencing: none}";
        shop.changelog(directory, add).update();
        shop.copy();

        shop.changelog(directory, add, FINISH, DROP).update();

        shop.use();
        assertThat(database.column("""
                        SELECT attrelid::regclass || '.' || attname || ' ' || format_type(atttypid, -1)
                        FROM pg_attribute
                        WHERE attrelid IN ('t.order_lines'::regclass, 't.payments'::regclass) AND attname = 'order_id'
                            OR attrelid = 't.orders'::regclass AND attname IN ('id', 'parent_id')
                        ORDER BY 1
                        """))
                .containsExactly(
                        "t.order_lines.order_id integer",
                        "t.orders.id bigint",
                        "t.orders.parent_id integer",
                        "t.payments.order_id integer");
    }

    /** No key is lost on the way back, and no insert fails because of the old column. */
    @Test
    void isNotUndoneOnceAKeyIsTooGreat() {
        Shop shop = shop();
        shop.changelog(directory, ADD).update();
        shop.copy();
        shop.changelog(directory, ADD, FINISH).update();
        database.execute("""
                SELECT setval('t.orders_id_seq', 2147483647);
                INSERT INTO t.orders (customer) VALUES (1), (2);
                INSERT INTO t.payments (order_id) VALUES (2147483648)
                """);
        shop.use();
        List<String> before = shop.description();
        ChangelogRun undo = shop.changelog(directory, ADD, FINISH, UNDO);

        assertThat(undo.refusals("")).hasSize(1);
        assertThatThrownBy(undo::update)
                .hasMessageContaining("id of t.orders has 3 rows that no integer can hold")
                .hasMessageContaining("order_id of t.payments has 1 row that no integer can hold")
                .hasMessageContaining("sequence t.orders_id_seq has come to 2147483652, which no integer can hold");

        assertThat(shop.description()).containsExactlyElementsOf(before);
        assertThat(database.number("SELECT count(*) FROM t.orders WHERE id_twin IS NULL"))
                .isEqualTo(3);
    }

    @Test
    void isNotDroppedBeforeItIsFinished() {
        Shop shop = shop();
        shop.changelog(directory, ADD).update();
        ChangelogRun drop = shop.changelog(directory, ADD, DROP);

        assertThat(drop.refusals("")).hasSize(1);
        assertThatThrownBy(drop::update)
                .hasMessageContaining("id of t.orders is not bigint yet; finish the conversion first");
    }

    @Test
    void isNotTakenBackOnceItIsFinished() {
        Shop shop = shop();
        shop.changelog(directory, ADD).update();
        shop.copy();
        shop.changelog(directory, ADD, FINISH).update();

        assertThatThrownBy(() -> shop.changelog(directory, ADD).rollback(2))
                .hasMessageContaining("undo the conversion first");
    }

    @Test
    void isTakenBackWhileItIsCopied() {
        Shop shop = shop();
        List<String> before = shop.description();
        ChangelogRun add = shop.changelog(directory, ADD);
        add.update();

        add.rollback(1);

        assertThat(shop.description()).containsExactlyElementsOf(before);
        add.update();
        shop.copy();
        shop.changelog(directory, ADD, FINISH).update();
        shop.use();
    }

    @Test
    void doesNotComeBackFromDropping() {
        Shop shop = shop();
        shop.changelog(directory, ADD).update();
        shop.copy();
        ChangelogRun all = shop.changelog(directory, ADD, FINISH, DROP);
        all.update();

        assertThatThrownBy(() -> all.rollback(1)).hasMessageContaining("the old columns of 'widen' are gone");
    }

    @Test
    void tellsWhichConversionsThereAre() {
        Shop shop = shop();
        shop.changelog(directory, ADD).update();
        ChangelogRun misspelt = shop.changelog(directory, ADD, "finishColumnConversion: {name: wyden}");

        assertThat(misspelt.refusals(""))
                .singleElement()
                .extracting(Refusal::text)
                .asString()
                .contains("column conversion 'wyden'", "does not exist; did you mean 'widen'?");
        assertThatThrownBy(misspelt::update)
                .hasMessageContaining("column conversion 'wyden' does not exist; did you mean 'widen'?");
        assertThatThrownBy(shop.changelog(directory, ADD, "finishColumnConversion: {name: other}")::update)
                .hasMessageContaining("column conversion 'other' does not exist; there is 'widen'");
    }

    @Test
    void tellsEachStep() {
        Shop shop = shop();
        shop.changelog(directory, ADD).update();
        shop.copy();
        ChangelogRun finish = shop.changelog(directory, ADD, FINISH);

        finish.update();

        assertThat(finish.messages("column conversion 'widen', step"))
                .hasSizeGreaterThan(30)
                .anyMatch(line -> line.matches(".*step \\d+ of \\d+, build index t.orders_pkey_twin"))
                .anyMatch(line -> line.endsWith("exchange id, parent_id of t.orders and the twins"));
    }

    @Test
    void tellsOfAColumnThatCameTooLate() {
        Shop shop = shop();
        shop.changelog(directory, ADD).update();
        shop.copy();
        database.execute("CREATE TABLE t.refunds (id int PRIMARY KEY, order_id int REFERENCES t.orders)");
        ChangelogRun finish = shop.changelog(directory, ADD, FINISH);

        finish.update();

        assertThat(finish.messages("t.refunds.order_id"))
                .containsExactly(
                        "t.refunds.order_id refers to t.orders.id and stays integer, as its foreign key came after the"
                                + " conversion was added; give it a conversion of its own");
        shop.use();
    }

    @Test
    void isAScriptForPsql() {
        Shop shop = shop();

        String script = shop.changelog(directory, ADD, FINISH).updateSql();

        assertThat(script)
                .contains("declare_column_conversion(")
                .contains("SELECT statement FROM column_conversion_steps('widen', 'add') \\gexec\n--")
                .contains("SELECT statement FROM column_conversion_steps('widen', 'finish') \\gexec\n--");
    }

    private static final String IN_XML = """
            <?xml version="1.0" encoding="UTF-8"?>
            <databaseChangeLog
                xmlns="http://www.liquibase.org/xml/ns/dbchangelog"
                xmlns:bbm="http://registrybbm.org/xml/ns/changelog"
                xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
                xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog
                    http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-4.20.xsd
                    http://registrybbm.org/xml/ns/changelog
                    http://registrybbm.org/xml/ns/changelog/changelog-1.0.xsd">
              <changeSet id="1" author="test" runInTransaction="false">
                <bbm:addColumnConversion
                    name="widen" tableName="t.orders" columnName="id" toType="bigint" referencing="none" subscriberHasColumn="true"/>
                <bbm:undoColumnConversion name="widen"/>
                <bbm:dropColumnConversion name="widen"/>
                <bbm:finishColumnConversion name="widen"/>
              </changeSet>
            </databaseChangeLog>
            """;
    private static final String IN_YAML = """
            databaseChangeLog:
            - changeSet:
                id: 1
                author: test
                runInTransaction: false
                changes:
                - addColumnConversion:
                    {subscriberHasColumn: true, columnName: id, name: widen, tableName: t.orders, referencing: none, toType: bigint}
                - undoColumnConversion: {name: widen}
                - dropColumnConversion: {name: widen}
                - finishColumnConversion: {name: widen}
            """;
    private static final String IN_JSON = """
            {"databaseChangeLog": [{"changeSet": {"id": "1", "author": "test", "runInTransaction": false, "changes": [
              {"addColumnConversion": {"name": "widen", "tableName": "t.orders", "columnName": "id", "toType": "bigint",
                "referencing": "none", "subscriberHasColumn": "true"}},
              {"undoColumnConversion": {"name": "widen"}},
              {"dropColumnConversion": {"name": "widen"}},
              {"finishColumnConversion": {"name": "widen"}}
            ]}}]}
            """;

    /** These are part of the contract: a checksum that changes stops the deployments of everybody who has run the changeset. */
    @Test
    void hasTheSameChecksumInEachFormatAndFromBuildToBuild() {
        List<String> xml =
                ChangelogRun.of(database, directory, "changes.xml", IN_XML).checksums();

        assertThat(ChangelogRun.of(database, directory, "changes.yaml", IN_YAML).checksums())
                .isEqualTo(xml);
        assertThat(ChangelogRun.of(database, directory, "changes.json", IN_JSON).checksums())
                .isEqualTo(xml);
        assertThat(xml)
                .containsExactly(
                        "9:1c8800021cfc01d9d59c708c70f25dd6",
                        "9:7b3f06bb541e79a4d70fb5717ac1eff1",
                        "9:6fbdb1661d2d221d6b43f295c9024662",
                        "9:95438036b8a7b728708c62f3c945921b");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "addColumnConversion: {name: w, tableName: t.orders}|the attribute 'columnName' is missing",
                "addColumnConversion: {name: w, tableName: t.orders, columnName: id, toType: text}|the attribute 'toType' is 'text', but must be one of bigint, integer",
                "finishColumnConversion: {name: w, table: t.orders}|there is no attribute 'table'",
                "dropColumnConversion: {}|the attribute 'name' is missing"
            })
    void refusesAttributesThatAreWrong(String change, String problem) {
        assertThatThrownBy(() -> new Shop(database).changelog(directory, change).validate())
                .hasMessageContaining(problem);
    }

    @Test
    void doesNotRunInATransaction() {
        ChangelogRun changelog = ChangelogRun.of(
                database, directory, "changes.yaml", IN_YAML.replace("    runInTransaction: false\n", ""));

        assertThatThrownBy(changelog::validate)
                .hasMessageContaining("finishColumnConversion: its changeset needs runInTransaction: false");
    }
}
