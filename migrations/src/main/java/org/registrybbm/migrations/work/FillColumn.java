package org.registrybbm.migrations.work;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.registrybbm.migrations.internal.catalog.CatalogQueries;
import org.registrybbm.migrations.internal.catalog.Column;
import org.registrybbm.migrations.internal.catalog.ColumnType;
import org.registrybbm.migrations.internal.catalog.Needs;
import org.registrybbm.migrations.internal.jdbc.SqlLiterals;

/**
 * Fills a column where it is NULL, with arguments such as {@code {"sequence": "public.users_id_seq"}} or {@code {"value": 0}}. The column
 * is the one that {@code "column"} names, or else the migration's own. The function is given only pending rows, so rows that hold a value
 * already stay as they are.
 */
record FillColumn(Function<Arguments, Filling> configuration) implements WorkFunction, StatesNeeds {
    // %3$s is the quoted column to fill, %4$s the expression.
    private static final String FILL = """
            UPDATE %1$s
            SET %3$s = %4$s
            WHERE %2$s
            """;

    // The cast makes PostgreSQL check the value against the type, including the constraints of a domain.
    private static final String TRY_VALUE = """
            SELECT CAST(%1$s AS %2$s)
            """;

    /**
     * The arguments. Either a sequence or a value is given.
     *
     * @param column the column to fill; empty for the migration's own
     * @param sequence the sequence that gives the values
     * @param value the value
     */
    record Filling(Optional<String> column, Optional<String> sequence, Optional<String> value) {}

    /** The quoted column, its type, and the expression to fill in. */
    private record Resolved(String column, ColumnType type, String expression) {
        /** Returns the condition that a row is pending. For a row type, IS NULL would also be true if every field is NULL. */
        String pending() {
            return column + (type.composite() ? " IS NOT DISTINCT FROM NULL" : " IS NULL");
        }
    }

    static FillColumn fixed(String sequence) {
        Filling filling = new Filling(Optional.empty(), Optional.of(sequence), Optional.empty());
        return new FillColumn(arguments -> filling);
    }

    static FillColumn configured() {
        return new FillColumn(FillColumn::read);
    }

    private static Filling read(Arguments arguments) {
        arguments.allow("column", "sequence", "value");
        Filling filling = new Filling(
                arguments.optionalText("column"), arguments.optionalText("sequence"), arguments.scalar("value"));
        if (filling.sequence().isPresent() == filling.value().isPresent()) {
            throw Arguments.invalid("arguments needs either a \"sequence\" (<schema>.<sequence>) or a \"value\""
                    + " (a string, number or boolean), one of the two: " + arguments);
        }
        return filling;
    }

    @Override
    public Optional<String> pending(WorkContext context) throws SQLException {
        return Optional.of(resolve(context).pending());
    }

    @Override
    public void check(WorkContext context) throws SQLException {
        Resolved filling = resolve(context);
        statement(context, filling).check(context.connection());
        if (configuration.apply(context.arguments()).value().isPresent()) {
            ShippedStatement.of(TRY_VALUE.formatted(
                            filling.expression(), filling.type().declared()))
                    .tryOut(context.connection());
        }
    }

    @Override
    public long migrate(WorkContext context) throws SQLException {
        return statement(context, resolve(context)).run(context.connection());
    }

    @Override
    public Needs needs(Arguments arguments, String column) {
        Filling filling = configuration.apply(arguments);
        return new Needs(List.of(), List.of(filling.column().orElse(column)), filling.sequence());
    }

    private static ShippedStatement statement(WorkContext context, Resolved filling) {
        return ShippedStatement.of(
                FILL.formatted(context.table(), context.batch().predicate(), filling.column(), filling.expression()));
    }

    private Resolved resolve(WorkContext context) throws SQLException {
        Filling filling = configuration.apply(context.arguments());
        Column column = CatalogQueries.columnsOf(
                        context.connection(),
                        context.table(),
                        List.of(filling.column().orElse(context.column())))
                .get(0);
        ColumnType type = ColumnType.of(context.connection(), context.table(), column);
        if (filling.value().isPresent()) {
            // The literal has no type yet, so PostgreSQL gives it the column's type and modifier when it is assigned.
            return new Resolved(
                    column.quoted(), type, SqlLiterals.text(filling.value().get()));
        }
        String sequence = filling.sequence().orElseThrow();
        String quoted = CatalogQueries.sequence(context.connection(), sequence)
                .orElseThrow(() -> Arguments.invalid("there is no sequence " + sequence
                        + "; write it as <schema>.<sequence>, like public.users_id_seq"));
        return new Resolved(column.quoted(), type, "nextval(" + SqlLiterals.of(quoted, "regclass") + ")");
    }
}
