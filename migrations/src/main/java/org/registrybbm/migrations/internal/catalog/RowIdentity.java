package org.registrybbm.migrations.internal.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.registrybbm.migrations.internal.jdbc.SqlLiterals;

/**
 * How the rows of a table are told apart. A table with a primary key, or with another key that is unique and never NULL, uses that key.
 *
 * <p>A table without such a key uses the place of each row and the transaction that wrote it. This names one version of a row only: it does
 * not fit any more once somebody has changed the row, or once the table was rewritten, as by VACUUM FULL. Because places are reused after a
 * rewrite, the identity names the table's file too.
 *
 * @param columns the columns of the key; empty if there is none
 */
public record RowIdentity(List<Column> columns) {
    /** Tells rows apart by their place and version, for tables without a key. */
    public static final RowIdentity VERSIONS = new RowIdentity(List.of());

    private static final String PLACE = "ctid";
    private static final String VERSION = """
            jsonb_build_object('tableoid', %1$stableoid::bigint::text, 'ctid', %1$sctid::text, 'xmin', %1$sxmin::text,
                'filenode', pg_relation_filenode(%1$stableoid)::bigint::text)
            """.strip();

    /** Returns whether this names only one version of a row. */
    public boolean isVersion() {
        return columns.isEmpty();
    }

    /** Returns whether the identity of a row contains the migration's key. */
    public boolean holds(KeyColumns key) {
        return columns.containsAll(key.columns());
    }

    /** Returns a text for people: the key's columns. */
    @Override
    public String toString() {
        return isVersion()
                ? "where they lie"
                : columns.stream().map(Column::quoted).collect(Collectors.joining(", "));
    }

    /** Returns whether {@link #json} gives the same text under any settings of the session. */
    public boolean hasOneText() {
        return columns.stream().allMatch(Column::hasOneText);
    }

    /** Returns an expression that gives a row's identity as a JSON object of texts. */
    public String json(String qualifier) {
        if (isVersion()) {
            return VERSION.formatted(qualifier);
        }
        return columns.stream()
                .map(column -> SqlLiterals.text(column.name()) + ", " + column.text(qualifier))
                .collect(Collectors.joining(", ", "jsonb_build_object(", ")"));
    }

    /**
     * Returns the condition that a row is one of those that the statement {@code entries} returns as {@code registry_bbm_entry}.
     *
     * <p>The row is looked up by an index. The OFFSET keeps the look-up a subquery for each row: without it the planner may turn it into a
     * join that it believes to be small, and run that row by row. If the text of the identity depends on settings, which a condition cannot
     * change, each statement reads all entries once instead.
     */
    public String isAmong(String entries, String qualifier) {
        if (hasOneText()) {
            return "EXISTS (SELECT FROM (%s) AS registry_bbm_entries WHERE registry_bbm_entry = %s OFFSET 0)"
                    .formatted(entries, json(qualifier));
        }
        String all = columns.stream()
                .map(column -> "jsonb_exists(registry_bbm_entry, " + SqlLiterals.text(column.name()) + ")")
                .collect(Collectors.joining(" AND "));
        String values = columns.stream()
                .map(column -> column.valueOf("(registry_bbm_entry ->> " + SqlLiterals.text(column.name()) + ")"))
                .collect(Collectors.joining(", "));
        if (!isComparedPlainly()) {
            return "EXISTS (SELECT FROM (%s) AS registry_bbm_entries WHERE %s AND %s)"
                    .formatted(
                            entries,
                            all,
                            equal(
                                    qualifier,
                                    column -> column.valueOf(
                                            "(registry_bbm_entry ->> " + SqlLiterals.text(column.name()) + ")")));
        }
        return "%s IN (SELECT %s FROM (%s) AS registry_bbm_entries WHERE %s)"
                .formatted(wrap(column -> qualifier + column.quoted()), values, entries, all);
    }

    /** Returns the condition that a row is one of the given ones; false if none are given. */
    public String predicate(List<JsonNode> rows, String qualifier) {
        List<JsonNode> keys = rows.stream().filter(this::isKey).toList();
        // These entries were made when the table had no key yet.
        List<JsonNode> versions =
                rows.stream().filter(row -> !isKey(row) && row.has(PLACE)).toList();
        if (keys.isEmpty() && versions.isEmpty()) {
            return "false";
        }
        String ofVersions =
                versions.stream().map(row -> version(row, qualifier)).collect(Collectors.joining(" OR ", "(", ")"));
        if (keys.isEmpty()) {
            return ofVersions;
        }
        String ofKeys = isComparedPlainly()
                ? keys.stream()
                        .map(this::literals)
                        .collect(Collectors.joining(", ", wrap(column -> qualifier + column.quoted()) + " IN (", ")"))
                : keys.stream()
                        .map(row -> equal(qualifier, column -> literal(column, row)))
                        .collect(Collectors.joining(" OR ", "(", ")"));
        return versions.isEmpty() ? ofKeys : "(" + ofKeys + " OR " + ofVersions + ")";
    }

    private boolean isKey(JsonNode row) {
        return !isVersion() && columns.stream().allMatch(column -> row.has(column.name()));
    }

    private static String version(JsonNode row, String qualifier) {
        return "%1$stableoid = %2$s AND %1$sctid = %3$s AND %1$sxmin = %4$s AND pg_relation_filenode(%1$stableoid) = %5$s"
                .formatted(
                        qualifier,
                        SqlLiterals.of(row.path("tableoid").asText(), "oid"),
                        SqlLiterals.of(row.path(PLACE).asText(), "tid"),
                        SqlLiterals.of(row.path("xmin").asText(), "xid"),
                        SqlLiterals.of(row.path("filenode").asText("0"), "oid"));
    }

    private String literals(JsonNode row) {
        return wrap(column -> literal(column, row));
    }

    private static String literal(Column column, JsonNode row) {
        return column.literal(row.path(column.name()).asText());
    }

    /** Returns whether plain {@code IN} finds the equality operators of all columns, whatever the search path is. */
    private boolean isComparedPlainly() {
        return columns.stream().allMatch(column -> column.equality().equals(Column.EQUAL));
    }

    /** Returns the condition that each column equals its value. */
    private String equal(String qualifier, Function<Column, String> value) {
        return columns.stream()
                .map(column -> qualifier + column.quoted() + " " + column.equality() + " " + value.apply(column))
                .collect(Collectors.joining(" AND ", "(", ")"));
    }

    private String wrap(Function<Column, String> each) {
        return columns.stream().map(each).collect(Collectors.joining(", ", "(", ")"));
    }
}
