package org.registrybbm.migrations.liquibase.conversion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.EngineRole;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** What would silently stay with the old column is refused by its name, before anything is changed. */
@ExtendWith(PostgresExtension.class)
class ObstaclesTest {
    private final TestDatabase database;

    ObstaclesTest(TestDatabase database) {
        this.database = database;
        EngineFixture.clean(database);
        database.execute("""
                DELETE FROM batched_background_migration_conversions;
                CREATE TABLE t.items (id int PRIMARY KEY, n int, other int, name text);
                CREATE TABLE t.parts (id int PRIMARY KEY, item int REFERENCES t.items, n int)
                """);
    }

    @AfterEach
    void forgetPublications() {
        database.execute("DROP PUBLICATION IF EXISTS p");
    }

    private void declare(String parameters) {
        database.execute("SELECT declare_column_conversion(name => 'c', " + parameters + ")");
    }

    private void declare() {
        declare("table_name => 't.items', column_name => 'id'");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "CREATE VIEW t.v AS SELECT id FROM t.items|rule _RETURN on view t.v depends on t.items.id",
                "CREATE MATERIALIZED VIEW t.v AS SELECT id FROM t.items|rule _RETURN on materialized view t.v depends on t.items.id",
                "CREATE VIEW t.v AS SELECT item FROM t.parts|rule _RETURN on view t.v depends on t.parts.item",
                "CREATE POLICY p ON t.items USING (id > 0)|policy p on table t.items depends on t.items.id",
                "ALTER TABLE t.items ADD g int GENERATED ALWAYS AS (id * 2) STORED|column g of table t.items depends on t.items.id",
                "CREATE FUNCTION t.f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN new; END$$; CREATE TRIGGER g BEFORE UPDATE OF id ON t.items FOR EACH ROW EXECUTE FUNCTION t.f()|trigger g on table t.items depends on t.items.id",
                "CREATE FUNCTION t.f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN new; END$$; CREATE TRIGGER g AFTER UPDATE ON t.items FOR EACH ROW WHEN (old.id > 3) EXECUTE FUNCTION t.f()|trigger g on table t.items depends on t.items.id",
                "CREATE FUNCTION t.f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN new; END$$; CREATE TRIGGER zzzz BEFORE INSERT ON t.items FOR EACH ROW EXECUTE FUNCTION t.f()|trigger zzzz of t.items would run after the one that fills the twin",
                "CREATE FUNCTION t.f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT max(id) FROM t.items; END|function t.f() depends on t.items.id",
                "CREATE RULE r AS ON DELETE TO t.items WHERE old.id < 0 DO INSTEAD NOTHING|rule r on table t.items depends on t.items.id",
                "ALTER TABLE t.items ADD CONSTRAINT e EXCLUDE USING btree (id WITH =)|constraint e on table t.items depends on t.items.id",
                "ALTER TABLE t.items ADD CONSTRAINT u UNIQUE (id, n) DEFERRABLE|constraint u of t.items is deferrable",
                "ALTER TABLE t.items ADD CONSTRAINT w CHECK (items IS NOT NULL)|check constraint w of t.items has an expression on whole rows",
                "CREATE TABLE t.c () INHERITS (t.items)|t.items is a partition, or has children or parents by inheritance",
                "ALTER TABLE t.parts ADD FOREIGN KEY (n) REFERENCES t.items ON UPDATE CASCADE|foreign key parts_n_fkey of t.parts has an action on updates",
                "ALTER TABLE t.parts ADD FOREIGN KEY (n) REFERENCES t.items MATCH FULL|foreign key parts_n_fkey of t.parts is MATCH FULL",
                "CREATE TABLE t.p (id int, item int REFERENCES t.items) PARTITION BY RANGE (id)|t.p is no ordinary table",
                "CREATE TABLE t.audit (was t.items)|column was of table t.audit holds rows of t.items",
                "CREATE TABLE t.audit (was t.items[])|column was of table t.audit holds rows of t.items",
                "CREATE VIEW t.v AS SELECT to_jsonb(i) FROM t.items i|rule _RETURN on view t.v uses whole rows of t.items",
                "CREATE FUNCTION t.f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN new; END$$; CREATE TRIGGER g AFTER UPDATE ON t.items FOR EACH ROW WHEN (old IS DISTINCT FROM new) EXECUTE FUNCTION t.f()|trigger g on table t.items uses whole rows of t.items",
                "ALTER TABLE t.parts ALTER item SET DEFAULT 1, ADD FOREIGN KEY (n) REFERENCES t.items ON DELETE SET DEFAULT|foreign key parts_n_fkey of t.parts is ON DELETE SET DEFAULT",
                "ALTER TABLE t.parts DISABLE TRIGGER ALL|foreign key parts_item_fkey of t.parts has triggers that were disabled",
                "ALTER TABLE t.items ADD CONSTRAINT e EXCLUDE USING btree (n WITH =) WHERE (id > 10)|constraint e of t.items excludes by an expression or a condition on it",
                "ALTER TABLE t.items ADD UNIQUE (n) INCLUDE (id); ALTER TABLE t.parts ADD FOREIGN KEY (n) REFERENCES t.items (n)|refers to a constraint that includes t.items.id",
                "CREATE SEQUENCE t.s OWNED BY t.items.id; CREATE SEQUENCE t.r OWNED BY t.items.id|several sequences are owned by t.items.id",
                "ALTER TABLE t.items ALTER id ADD GENERATED ALWAYS AS IDENTITY; ALTER TABLE t.parts ALTER n SET DEFAULT nextval('t.items_id_seq')|depends on the sequence of t.items.id",
                "INSERT INTO batched_background_migrations (name, min_value, max_value, batch_size, job_signature_name, table_name, column_name) VALUES ('c', 1, 2, 1, 'w', 't.parts', 'id')|a batched migration 'c' is there already",
                "ALTER TABLE t.items ADD id_twin int|t.items has a column id_twin already",
                "CREATE INDEX items_pkey_twin ON t.items (n)|the name t.items_pkey_twin of the copy of t.items_pkey is taken",
                "ALTER TABLE t.parts ADD CONSTRAINT parts_item_fkey_twin CHECK (n > 0)|the name parts_item_fkey_twin of the copy of parts_item_fkey is taken",
                "CREATE PUBLICATION p FOR TABLE t.items|t.items is published by p; add id_twin to the table of each subscriber first, then say subscriberHasColumn: true",
                "CREATE PUBLICATION p FOR ALL TABLES|t.parts is published by p",
                "CREATE FUNCTION t.f(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1'; CREATE INDEX i ON t.items (t.f(id))|an index, a check or statistics of t.items cannot be made for the wider column: function t.f(bigint) does not exist",
                "ALTER TABLE t.items DROP CONSTRAINT items_pkey CASCADE, DROP id, ADD id int GENERATED ALWAYS AS (n) STORED|t.items.id is a generated column",
                "CREATE TYPE t.row_type AS (id int); DROP TABLE t.parts, t.items; CREATE TABLE t.items OF t.row_type|t.items is a table of a type",
                "INSERT INTO t.items VALUES (1, 1), (2, 1); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't.items_pkey'::regclass|index items_pkey of t.items is not valid; drop it or build it anew",
                "ALTER TABLE t.parts ADD UNIQUE (item); ALTER TABLE t.items ADD FOREIGN KEY (other) REFERENCES t.parts (item)|foreign keys lead from t.items back to itself",
            })
    @Sample(oneOf = 4)
    void areRefusedByName(String sql, String problem) {
        database.execute(sql);

        assertThatThrownBy(this::declare)
                .hasMessageContaining("column conversion 'c' is refused")
                .hasMessageContaining(problem);

        assertThat(database.number("SELECT count(*) FROM batched_background_migration_conversions"))
                .isZero();
        assertThat(
                        database.column(
                                "SELECT attname FROM pg_attribute WHERE attrelid = 't.items'::regclass AND attname = 'id_twin' AND atttypid = 'bigint'::regtype"))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "table_name => 't.items', column_name => 'name'|name of t.items is text and cannot be widened to bigint",
                "table_name => 't.items', column_name => 'n', to_type => 'integer'|n of t.items is integer and cannot be widened to integer",
                "table_name => 't.items', column_name => 'n', to_type => 'text'|only integer and bigint can be taken to, not 'text'",
                "table_name => 't.items', column_name => 'ID'|names the column 'ID', which t.items does not have",
                "table_name => 'items', column_name => 'id'|write it as <schema>.<table>",
                "table_name => 't.nothing', column_name => 'id'|names the table 't.nothing', which does not exist",
                "table_name => 't.items', column_name => 'id', referencing => 'some'|as referencing all or none",
            })
    void anythingElseThatIsWrongIsTold(String parameters, String problem) {
        assertThatThrownBy(() -> declare(parameters)).hasMessageContaining(problem);
    }

    /** The word {@code engine} stands for a role that is no superuser and that owns both tables. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "ALTER TABLE t.items OWNER TO postgres|t.items belongs to postgres, and only its owner can change it",
                "ALTER TABLE t.parts OWNER TO postgres|t.parts belongs to postgres, and only its owner can change it",
                "ALTER TABLE t.items ENABLE ROW LEVEL SECURITY; ALTER TABLE t.items FORCE ROW LEVEL SECURITY|t.items has row-level security that applies to you",
                "GRANT USAGE ON SCHEMA t TO pg_monitor; GRANT SELECT (id) ON t.items TO pg_monitor WITH GRANT OPTION; SET ROLE pg_monitor; GRANT SELECT (id) ON t.items TO PUBLIC; RESET ROLE|t.items.id has privileges that another role than the owner has granted",
                "REVOKE TEMP ON DATABASE %s FROM PUBLIC|you may not create temporary tables in this database",
            })
    void areRefusedForARole(String sql, String problem) {
        database.execute("GRANT TEMP ON DATABASE " + database.name() + " TO PUBLIC");
        TestDatabase engine = EngineRole.of(database);
        database.execute(EngineRole.in("""
                GRANT USAGE, CREATE ON SCHEMA t TO engine;
                ALTER TABLE t.items OWNER TO engine;
                ALTER TABLE t.parts OWNER TO engine;
                """ + sql.formatted(database.name())));

        assertThatThrownBy(() -> engine.execute(
                        "SELECT declare_column_conversion(name => 'c', table_name => 't.items', column_name => 'id')"))
                .hasMessageContaining("column conversion 'c' is refused")
                .hasMessageContaining(problem);
    }

    /** A view may come while the rows are copied. */
    @Test
    void areLookedForAgainBeforeTheColumnsAreExchanged() {
        database.execute("""
                SELECT declare_column_conversion(name => 'c', table_name => 't.items', column_name => 'id');
                SELECT add_column_twins('c', 't.items');
                SELECT add_column_twins('c', 't.parts');
                CREATE VIEW t.v AS SELECT id FROM t.items
                """);

        assertThatThrownBy(() -> database.execute("SELECT * FROM column_conversion_steps('c', 'finish')"))
                .hasMessageContaining("rule _RETURN on view t.v depends on t.items.id");
        assertThatThrownBy(() -> database.execute("SELECT exchange_converted_columns('c', 'finish', 't.items')"))
                .hasMessageContaining("rule _RETURN on view t.v depends on t.items.id");
    }

    @Test
    void aSubscriberThatHasTheColumnIsNone() {
        database.execute("CREATE PUBLICATION p FOR TABLE t.items");

        declare("table_name => 't.items', column_name => 'id', subscriber_has_column => true");

        assertThat(database.column(
                        "SELECT twin_name FROM batched_background_migration_conversion_columns ORDER BY position"))
                .containsExactly("id_twin", "item_twin");
    }

    @Test
    void theSameIsDeclaredTwiceButNotAnother() {
        declare();
        declare();

        assertThatThrownBy(() -> declare("table_name => 't.items', column_name => 'n'"))
                .hasMessageContaining(
                        "a column conversion 'c' is there already and is another one: id of t.items to bigint");
    }

    /** Names are cut to 63 bytes, and do not meet. */
    @Test
    void longNamesAreNone() {
        String name = "ä".repeat(31);
        database.execute("CREATE TABLE t.\"%1$s\" (\"%1$s\" int CONSTRAINT \"%1$s_\" PRIMARY KEY)".formatted(name));

        declare("table_name => 't.\"%1$s\"', column_name => '%1$s'".formatted(name));
        database.execute("SELECT add_column_twins('c', 't.\"" + name + "\"')");

        assertThat(database.text("SELECT octet_length(twin_name) FROM batched_background_migration_conversion_columns"))
                .isEqualTo("63");
        assertThat(database.number("SELECT count(*) FROM pg_trigger WHERE tgname = 'zzz_bbm_c'"))
                .isOne();
    }
}
