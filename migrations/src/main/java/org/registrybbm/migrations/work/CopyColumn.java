package org.registrybbm.migrations.work;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.registrybbm.migrations.internal.catalog.CatalogQueries;
import org.registrybbm.migrations.internal.catalog.Column;
import org.registrybbm.migrations.internal.catalog.ColumnType;
import org.registrybbm.migrations.internal.catalog.Needs;
import org.registrybbm.migrations.internal.failure.SqlFailures;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.SqlLiterals;
import org.registrybbm.migrations.internal.jdbc.ValueSettings;

/**
 * Copies one column to another, with arguments such as {@code {"from": "user_id", "to": "user_id_bigint", "cast": "bigint"}}. It is given
 * only pending rows, so rows that hold the value already are not written again.
 */
record CopyColumn(Function<Arguments, Columns> configuration) implements WorkFunction, StatesNeeds {
    // The type becomes part of the statement's text, so only these names are accepted.
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
            """;

    private static final String SAME_COLLATION = """
            SELECT bool_and(c.collisdeterministic) AND min(c.oid) = max(c.oid) AND count(*) = 2 AS same
            FROM pg_attribute a
            JOIN pg_collation c ON c.oid = a.attcollation
            WHERE a.attrelid = ?::regclass
                AND a.attname IN (?, ?)
            """;

    private static final String TRY_ZONE = """
            SELECT timestamp '2000-01-01' AT TIME ZONE ?
            """;

    /**
     * The arguments.
     *
     * @param from the column to read
     * @param to the column to write
     * @param cast the type to cast to; empty for no cast
     * @param timeZone the time zone in which timestamps and dates without one are meant; empty if no zone is to be applied
     */
    record Columns(String from, String to, Optional<String> cast, Optional<String> timeZone) {
        String castOf(String value) {
            return cast.map(type -> value + "::" + type).orElse(value);
        }
    }

    /** Both columns, as the catalogue describes them. */
    private record Ends(Column to, Column from) {}

    static CopyColumn fixed(String from, String to) {
        Columns columns = new Columns(from, to, Optional.empty(), Optional.empty());
        return new CopyColumn(arguments -> columns);
    }

    static CopyColumn configured() {
        return new CopyColumn(CopyColumn::read);
    }

    private static Columns read(Arguments arguments) {
        Optional<String> cast =
                arguments.allow("from", "to", "cast", "timeZone").optionalText("cast");
        if (cast.isPresent() && !CASTS.contains(cast.get())) {
            throw Arguments.invalid(
                    "\"cast\" is '" + cast.get() + "'; it may be one of " + String.join(", ", new TreeSet<>(CASTS)));
        }
        return new Columns(arguments.text("from"), arguments.text("to"), cast, arguments.optionalText("timeZone"));
    }

    @Override
    public Optional<String> pending(WorkContext context) throws SQLException {
        return Optional.of(assignment(context).pending(context.connection()));
    }

    @Override
    public void check(WorkContext context) throws SQLException {
        Assignment assignment = assignment(context);
        statement(context, assignment.column(), assignment.value()).check(context.connection());
        Optional<String> zone = configuration.apply(context.arguments()).timeZone();
        if (zone.isPresent()) {
            requireZone(context.connection(), zone.get());
        }
        if (writesDates(context, assignment.target()) && !ValueSettings.writesIsoDates(context.connection())) {
            throw Arguments.invalid(
                    "a date or time is copied as text here, but this database's DateStyle is not ISO, while JDBC"
                            + " writes dates as ISO; use a work function with to_char(...), or set the role's DateStyle to ISO");
        }
    }

    private boolean writesDates(WorkContext context, ColumnType target) throws SQLException {
        Column from = ends(context).from();
        ColumnType source = ColumnType.of(context.connection(), context.table(), from);
        return source.mayHoldDates() && !target.isDate() && !source.plainSql().equals(target.plainSql());
    }

    @Override
    public long migrate(WorkContext context) throws SQLException {
        Columns columns = configuration.apply(context.arguments());
        Ends ends = ends(context);
        String value = columns.timeZone().isPresent()
                ? assignment(context).value()
                : columns.castOf(ends.from().quoted());
        return statement(context, ends.to().quoted(), value).run(context.connection());
    }

    private Ends ends(WorkContext context) throws SQLException {
        Columns columns = configuration.apply(context.arguments());
        List<Column> found =
                CatalogQueries.columnsOf(context.connection(), context.table(), List.of(columns.to(), columns.from()));
        return new Ends(found.get(0), found.get(1));
    }

    @Override
    public Needs needs(Arguments arguments, String column) {
        Columns columns = configuration.apply(arguments);
        return new Needs(List.of(columns.from()), List.of(columns.to()), Optional.empty());
    }

    private static ShippedStatement statement(WorkContext context, String column, String value) {
        return ShippedStatement.of(
                COPY.formatted(context.table(), context.batch().predicate(), column, value));
    }

    private Assignment assignment(WorkContext context) throws SQLException {
        Columns columns = configuration.apply(context.arguments());
        Connection connection = context.connection();
        Ends ends = ends(context);
        Column to = ends.to();
        Column from = ends.from();
        ColumnType target = ColumnType.of(connection, context.table(), to);
        ColumnType source = ColumnType.of(connection, context.table(), from);
        String value = from.quoted();
        if (columns.timeZone().isPresent()) {
            ColumnType wanted = columns.cast().isPresent()
                    ? ColumnType.named(connection, columns.cast().get())
                    : target;
            requireZones(source, wanted, target);
            // A date stands for its midnight, so it is read as a timestamp before the zone applies.
            value = "(%s%s AT TIME ZONE %s)"
                    .formatted(
                            value,
                            source.lacksZone() ? "::timestamp" : "",
                            SqlLiterals.text(columns.timeZone().get()));
            source = ColumnType.named(connection, source.hasZone() ? "timestamp" : "timestamptz");
        }
        if (columns.cast().isPresent()) {
            source = ColumnType.named(connection, columns.cast().get());
        }
        boolean sameCollation = columns.cast().isEmpty()
                && Jdbc.one(
                        connection,
                        SAME_COLLATION,
                        row -> row.getBoolean("same"),
                        context.table(),
                        from.name(),
                        to.name());
        return new Assignment(to.quoted(), target, columns.castOf(value), source, sameCollation);
    }

    private static void requireZone(Connection connection, String zone) throws SQLException {
        try {
            Jdbc.list(connection, TRY_ZONE, row -> true, zone);
        } catch (SQLException e) {
            if (SqlFailures.isDataError(e)) {
                throw Arguments.invalid("there is no time zone '" + zone + "'; write it like Europe/Berlin");
            }
            throw e;
        }
    }

    private static void requireZones(ColumnType source, ColumnType wanted, ColumnType target) {
        boolean toLocal = source.hasZone() && wanted.lacksZone() && target.lacksZone();
        boolean toPoint = source.lacksZone() && wanted.hasZone() && target.hasZone();
        if (!toLocal && !toPoint) {
            throw Arguments.invalid(
                    "\"timeZone\" has a meaning only between timestamp or date on the one side and timestamptz"
                            + " on the other; here " + source.sql() + " is copied to " + target.sql());
        }
    }
}
