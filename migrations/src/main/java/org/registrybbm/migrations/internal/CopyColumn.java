package org.registrybbm.migrations.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.registrybbm.migrations.WorkContext;
import org.registrybbm.migrations.WorkFunction;

/**
 * Copies one column to another, as {@code {"from": "user_id", "to": "user_id_bigint", "cast": "bigint"}} says. Rows that are right
 * already are not written again.
 */
record CopyColumn(Function<JsonNode, Columns> configuration) implements WorkFunction, Needs.Told {
    // Type names go into the statement as text, so only these are taken.
    private static final Set<String> CASTS = Set.of(
            "smallint",
            "integer",
            "bigint",
            "numeric",
            "real",
            "double precision",
            "text",
            "boolean",
            "date",
            "timestamp",
            "timestamptz",
            "uuid",
            "jsonb");

    private static final String COPY = """
            UPDATE %1$s
            SET %3$s = %4$s
            WHERE %2$s
                AND %3$s IS DISTINCT FROM %4$s
            """;

    /** Which columns, and the type to cast to. */
    record Columns(String from, String to, Optional<String> cast) {}

    static CopyColumn fixed(String from, String to) {
        Columns columns = new Columns(from, to, Optional.empty());
        return new CopyColumn(arguments -> columns);
    }

    static CopyColumn configured() {
        return new CopyColumn(CopyColumn::read);
    }

    private static Columns read(JsonNode json) {
        Arguments arguments = Arguments.of(json, Set.of("from", "to", "cast"));
        Optional<String> cast = arguments.optional("cast");
        if (cast.isPresent() && !CASTS.contains(cast.get())) {
            throw Arguments.invalid(
                    "\"cast\" is '" + cast.get() + "'; it may be one of " + String.join(", ", new TreeSet<>(CASTS)));
        }
        return new Columns(arguments.required("from"), arguments.required("to"), cast);
    }

    @Override
    public Optional<String> pending(WorkContext context) throws SQLException {
        Copied copied = copied(context);
        return Optional.of(copied.to() + " IS DISTINCT FROM " + copied.value());
    }

    @Override
    public void check(WorkContext context) throws SQLException {
        statement(context).check(context.connection());
    }

    @Override
    public long migrate(WorkContext context) throws SQLException {
        return statement(context).run(context.connection());
    }

    @Override
    public Needs needs(JsonNode arguments, String column) {
        Columns columns = configuration.apply(arguments);
        return new Needs(List.of(columns.from()), List.of(columns.to()), Optional.empty());
    }

    /** The column to write and the expression to write to it. */
    private record Copied(String to, String value) {}

    private WorkStatement statement(WorkContext context) throws SQLException {
        Copied copied = copied(context);
        return WorkStatement.of(
                COPY.formatted(context.table(), context.batch().predicate(), copied.to(), copied.value()));
    }

    private Copied copied(WorkContext context) throws SQLException {
        Columns columns = configuration.apply(context.arguments());
        String to = CatalogQueries.columnOf(context, columns.to()).quoted();
        String from = CatalogQueries.columnOf(context, columns.from()).quoted();
        String value = columns.cast().map(type -> from + "::" + type).orElse(from);
        return new Copied(to, value);
    }
}
