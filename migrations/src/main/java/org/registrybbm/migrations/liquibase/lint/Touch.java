package org.registrybbm.migrations.liquibase.lint;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import liquibase.change.AbstractSQLChange;
import liquibase.change.Change;
import liquibase.change.core.AddForeignKeyConstraintChange;
import liquibase.change.core.AddNotNullConstraintChange;
import liquibase.change.core.AddPrimaryKeyChange;
import liquibase.change.core.AddUniqueConstraintChange;
import liquibase.change.core.DropColumnChange;
import liquibase.change.core.DropTableChange;
import liquibase.change.core.ModifyDataTypeChange;
import liquibase.change.core.RenameColumnChange;
import liquibase.change.core.RenameTableChange;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.liquibase.SqlGates;

/**
 * A change that relies on the values of columns, or takes them away.
 *
 * @param what what it does, for people
 * @param table the table
 * @param columns the columns in lower case; empty for all of them
 * @param certain whether it was read from a change of Liquibase, and not guessed from SQL
 */
record Touch(String what, TableName table, Set<String> columns, boolean certain) {
    private static final Pattern ALTER = Pattern.compile(
            "alter\\s+table\\s+(?:if\\s+exists\\s+)?(?:only\\s+)?([\\w.\"$]+)([^;]*)", Pattern.CASE_INSENSITIVE);
    private static final Pattern DROP =
            Pattern.compile("drop\\s+table\\s+(?:if\\s+exists\\s+)?([\\w.\"$]+)", Pattern.CASE_INSENSITIVE);
    private static final Pattern RELIES = Pattern.compile(
            "set\\s+not\\s+null|drop\\s+column|\\brename\\b|\\btype\\b|add\\s+(constraint|check|unique|primary|foreign)",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern WORD = Pattern.compile("[\\w$]+");

    static Stream<Touch> of(Change change) {
        if (change instanceof AbstractSQLChange sql) {
            return sql.getSql() == null ? Stream.of() : ofSql(SqlGates.plain(sql.getSql()));
        }
        return ofCore(change).stream();
    }

    private static Optional<Touch> ofCore(Change change) {
        if (change instanceof AddNotNullConstraintChange c) {
            return core("addNotNullConstraint", c.getSchemaName(), c.getTableName(), c.getColumnName());
        }
        if (change instanceof DropColumnChange c) {
            String several = c.getColumns() == null
                    ? ""
                    : c.getColumns().stream().map(one -> one.getName()).collect(Collectors.joining(","));
            return core(
                    "dropColumn",
                    c.getSchemaName(),
                    c.getTableName(),
                    c.getColumnName() == null ? several : c.getColumnName());
        }
        if (change instanceof RenameColumnChange c) {
            return core("renameColumn", c.getSchemaName(), c.getTableName(), c.getOldColumnName());
        }
        if (change instanceof ModifyDataTypeChange c) {
            return core("modifyDataType", c.getSchemaName(), c.getTableName(), c.getColumnName());
        }
        if (change instanceof AddUniqueConstraintChange c) {
            return core("addUniqueConstraint", c.getSchemaName(), c.getTableName(), c.getColumnNames());
        }
        if (change instanceof AddPrimaryKeyChange c) {
            return core("addPrimaryKey", c.getSchemaName(), c.getTableName(), c.getColumnNames());
        }
        if (change instanceof AddForeignKeyConstraintChange c) {
            return core(
                    "addForeignKeyConstraint",
                    c.getBaseTableSchemaName(),
                    c.getBaseTableName(),
                    c.getBaseColumnNames());
        }
        if (change instanceof DropTableChange c) {
            return core("dropTable", c.getSchemaName(), c.getTableName(), null);
        }
        if (change instanceof RenameTableChange c) {
            return core("renameTable", c.getSchemaName(), c.getOldTableName(), null);
        }
        return Optional.empty();
    }

    private static Optional<Touch> core(
            String what, @Nullable String schema, @Nullable String table, @Nullable String columns) {
        Set<String> names = columns == null
                ? Set.of()
                : Arrays.stream(columns.split(",", -1)).map(Touch::lower).collect(Collectors.toSet());
        return Optional.of(new Touch(what, TableName.of(schema, table), names, true));
    }

    private static Stream<Touch> ofSql(String sql) {
        Stream<Touch> altered = ALTER.matcher(sql)
                .results()
                .filter(found -> RELIES.matcher(found.group(2)).find())
                .map(Touch::ofAlter);
        Stream<Touch> dropped = DROP.matcher(sql)
                .results()
                .map(found -> new Touch("DROP TABLE", TableName.parse(found.group(1)), Set.of(), false));
        return Stream.concat(altered, dropped);
    }

    private static Touch ofAlter(MatchResult found) {
        Set<String> words = WORD.matcher(found.group(2))
                .results()
                .map(word -> lower(word.group()))
                .collect(Collectors.toSet());
        return new Touch("ALTER TABLE", TableName.parse(found.group(1)), words, false);
    }

    private static String lower(String name) {
        return name.strip().toLowerCase(Locale.ROOT);
    }

    /** Returns whether it concerns one of some columns of a table. */
    boolean concerns(TableName other, Set<String> others) {
        return table.mayBe(other)
                && (columns.isEmpty() || others.stream().map(Touch::lower).anyMatch(columns::contains));
    }
}
