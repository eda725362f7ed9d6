package org.registrybbm.migrations.liquibase;

import static org.registrybbm.migrations.liquibase.base.Attribute.required;

import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import liquibase.change.ChangeMetaData;
import liquibase.change.DatabaseChange;
import liquibase.database.Database;
import liquibase.exception.ValidationErrors;
import liquibase.statement.SqlStatement;
import liquibase.statement.core.RawSqlStatement;
import org.registrybbm.migrations.internal.jdbc.SqlLiterals;
import org.registrybbm.migrations.liquibase.base.Attribute;
import org.registrybbm.migrations.liquibase.base.AttributeType;
import org.registrybbm.migrations.liquibase.base.Attributes;
import org.registrybbm.migrations.liquibase.base.BatchedMigrationChange;

/**
 * {@code setNotNullAfter}: a gate, and then NOT NULL for the column that the migration has filled, without a scan of the table under a lock
 * that others wait for.
 *
 * <p>A check constraint that is not valid yet is added and then validated, while readers and writers go on. PostgreSQL takes the valid
 * constraint as a proof when the column is set to NOT NULL. Each step looks at the catalogue first, so the changeset can be run again
 * wherever it broke off.
 */
@DatabaseChange(
        name = "setNotNullAfter",
        description = "Sets a column to NOT NULL once batched migrations are finished",
        priority = ChangeMetaData.PRIORITY_DEFAULT)
public final class SetNotNullAfterChange extends BatchedMigrationChange {
    private static final String TABLE = "tableName";
    private static final String COLUMN = "columnName";
    private static final String CONSTRAINT = "bbm_not_null_";
    private static final int LONGEST_NAME = 63;

    private static final List<Attribute> KNOWN = Stream.concat(
                    Requirement.ATTRIBUTES.stream(),
                    Stream.of(
                            required(TABLE, new AttributeType.Text()),
                            required(COLUMN, new AttributeType.Text()),
                            Attributes.SCHEMA))
            .toList();

    private static final String IS_NULLABLE = """
            EXISTS (
                SELECT
                FROM pg_attribute
                WHERE attrelid = %s::regclass
                    AND attname = %s
                    AND NOT attnotnull
            )
            """.strip();

    private static final String IS_ADDED = """
            EXISTS (
                SELECT
                FROM pg_constraint
                WHERE conrelid = %s::regclass
                    AND conname = %s
            )
            """.strip();

    // Whatever the catalogue does not have would look as if it were done.
    private static final String REQUIRE_COLUMN = """
            BEGIN
                IF NOT EXISTS (
                    SELECT
                    FROM pg_attribute
                    WHERE attrelid = %1$s::regclass
                        AND attname = %2$s
                        AND attnum > 0
                        AND NOT attisdropped
                ) THEN
                    RAISE EXCEPTION 'setNotNullAfter: there is no column %% in %%; write the name as the catalogue has it',
                        quote_literal(%2$s), %1$s
                        USING ERRCODE = 'undefined_column';
                END IF;
            END
            """.strip();

    private static final String ADD = """
            ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID
            """.strip();

    private static final String VALIDATE = """
            BEGIN
                IF %s THEN
                    SET LOCAL lock_timeout = '10s';
                    ALTER TABLE %s VALIDATE CONSTRAINT %s;
                END IF;
            END
            """.strip();

    // Two statements: within one, the constraint would be dropped before it is used as a proof.
    private static final String SET_NOT_NULL = """
            ALTER TABLE %1$s ALTER COLUMN %3$s SET NOT NULL;
            ALTER TABLE %1$s DROP CONSTRAINT IF EXISTS %2$s
            """.strip();

    private static final String UNDO = """
            ALTER TABLE %1$s ALTER COLUMN %3$s DROP NOT NULL, DROP CONSTRAINT IF EXISTS %2$s
            """.strip();

    /** For Liquibase, which sets the attributes afterwards. */
    public SetNotNullAfterChange() {
        super(KNOWN);
    }

    @Override
    protected void check(ValidationErrors errors) {
        if (getChangeSet() != null && getChangeSet().isRunInTransaction()) {
            error(
                    errors,
                    "its changeset needs runInTransaction: false, so that no lock is kept while the table is read");
        }
    }

    /** Returns the names of the batched migrations. */
    public Set<String> names() {
        return Requirement.names(attributes());
    }

    Requirement gate() {
        return Requirement.of(attributes());
    }

    @Override
    public SqlStatement[] generateStatements(Database database) {
        Names names = names(attributes());
        return new SqlStatement[] {
            new RawSqlStatement(attributes().call("require_batched_migrations", Requirement.ATTRIBUTES)),
            new RawSqlStatement(Dollars.block(REQUIRE_COLUMN.formatted(names.tableLiteral(), names.columnLiteral()))),
            new RawSqlStatement(names.step(ADD) + "\nWHERE " + names.isNullable() + "\nAND NOT " + names.isAdded()),
            new RawSqlStatement(Dollars.block(VALIDATE.formatted(names.isAdded(), names.table(), names.constraint()))),
            new RawSqlStatement(names.step(SET_NOT_NULL) + "\nWHERE " + names.isNullable() + "\nOR " + names.isAdded())
        };
    }

    @Override
    public SqlStatement[] generateRollbackStatements(Database database) {
        return sql(names(attributes()).step(UNDO));
    }

    private static Names names(Attributes attributes) {
        String column = attributes.get(COLUMN).orElse("");
        String constraint = CONSTRAINT + column;
        return new Names(
                attributes.qualified("run_short_step"),
                attributes.get(TABLE).orElse(""),
                column,
                constraint.length() > LONGEST_NAME ? constraint.substring(0, LONGEST_NAME) : constraint);
    }

    /** The names in the statements. The table is SQL already, as the changelog writes it. */
    private record Names(String function, String table, String columnName, String constraintName) {
        String constraint() {
            return Attributes.identifier(constraintName);
        }

        String tableLiteral() {
            return literal(table);
        }

        String columnLiteral() {
            return literal(columnName);
        }

        String isNullable() {
            return IS_NULLABLE.formatted(tableLiteral(), columnLiteral());
        }

        String isAdded() {
            return IS_ADDED.formatted(tableLiteral(), literal(constraintName));
        }

        /** Returns the call that runs a step with the table, the constraint and the column in it. */
        String step(String step) {
            String sql = step.formatted(table, constraint(), Attributes.identifier(columnName));
            return "SELECT " + function + "(\n    ARRAY[" + tableLiteral() + "],\n    " + Dollars.quote(sql) + "\n)";
        }

        private static String literal(String text) {
            return SqlLiterals.text(text).strip();
        }
    }

    /** Quotes SQL within SQL so that people can read it. */
    private static final class Dollars {
        static String block(String body) {
            return "DO " + quote(body);
        }

        static String quote(String body) {
            String tag = "$step$";
            for (int other = 2; body.contains(tag); other++) {
                tag = "$step" + other + "$";
            }
            return tag + "\n" + body + "\n" + tag;
        }
    }

    @Override
    public String getConfirmationMessage() {
        return attributes().get(COLUMN).orElse("") + " of "
                + attributes().get(TABLE).orElse("") + " set to NOT NULL";
    }
}
