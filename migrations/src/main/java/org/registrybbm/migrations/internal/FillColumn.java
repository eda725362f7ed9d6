package org.registrybbm.migrations.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.registrybbm.migrations.WorkContext;
import org.registrybbm.migrations.WorkFunction;

/**
 * Fills a NULL column, as {@code {"sequence": "public.users_id_seq"}} or {@code {"value": 0}} says. The column is the migration's
 * own, or the one that {@code "column"} names. Rows that are filled already stay as they are.
 */
record FillColumn(Function<JsonNode, Filling> configuration) implements WorkFunction, Needs.Told {
    // %3$s is the quoted column to fill, %4$s the expression with its one parameter.
    private static final String FILL = """
            UPDATE %1$s
            SET %3$s = %4$s
            WHERE %2$s
                AND %3$s IS NULL
            """;

    /** What to fill in: a sequence or a value, never both. */
    record Filling(Optional<String> column, Optional<String> sequence, Optional<String> value) {}

    /** The statement's column, expression and the expression's parameter. */
    private record Resolved(String column, String expression, String parameter) {}

    static FillColumn fixed(String sequence) {
        Filling filling = new Filling(Optional.empty(), Optional.of(sequence), Optional.empty());
        return new FillColumn(arguments -> filling);
    }

    static FillColumn configured() {
        return new FillColumn(FillColumn::read);
    }

    private static Filling read(JsonNode json) {
        Arguments arguments = Arguments.of(json, Set.of("column", "sequence", "value"));
        Filling filling =
                new Filling(arguments.optional("column"), arguments.optional("sequence"), arguments.scalar("value"));
        if (filling.sequence().isPresent() == filling.value().isPresent()) {
            throw Arguments.invalid("arguments needs either a \"sequence\" (<schema>.<sequence>) or a \"value\""
                    + " (a string, number or boolean), one of the two: " + json);
        }
        return filling;
    }

    @Override
    public Optional<String> pending(WorkContext context) throws SQLException {
        return Optional.of(resolve(context).column() + " IS NULL");
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
        Filling filling = configuration.apply(arguments);
        return new Needs(List.of(), List.of(filling.column().orElse(column)), filling.sequence());
    }

    private WorkStatement statement(WorkContext context) throws SQLException {
        Resolved filling = resolve(context);
        return WorkStatement.of(
                FILL.formatted(context.table(), context.batch().predicate(), filling.column(), filling.expression()),
                filling.parameter());
    }

    private Resolved resolve(WorkContext context) throws SQLException {
        Filling filling = configuration.apply(context.arguments());
        Column column = CatalogQueries.columnOf(context, filling.column().orElse(context.column()));
        if (filling.value().isPresent()) {
            return new Resolved(
                    column.quoted(),
                    "CAST(? AS " + column.type() + ")",
                    filling.value().get());
        }
        String sequence = filling.sequence().orElseThrow();
        String quoted = CatalogQueries.sequence(context.connection(), sequence)
                .orElseThrow(() -> Arguments.invalid("there is no sequence " + sequence
                        + "; write it as <schema>.<sequence>, like public.users_id_seq"));
        return new Resolved(column.quoted(), "nextval(CAST(? AS regclass))", quoted);
    }
}
