package org.registrybbm.migrations.liquibase;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.registrybbm.migrations.internal.tables.GateQueries;
import org.registrybbm.migrations.liquibase.base.AttributeType;

/**
 * Finds gates and queued migrations in SQL that people write. It knows calls of the engine's functions with literals, which is how the
 * documents show them; whatever else stands there is found by the database when the SQL runs.
 */
public final class SqlGates {
    private static final Pattern REQUIRE = Pattern.compile(
            "((?:[\\w$]+|\"[^\"]+\")\\.)?require_batched_migrations\\s*\\(\\s*(?:names\\s*(?:=>|:=)\\s*)?'(\\{[^']*\\})'([^)]*)\\)",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern QUEUE = Pattern.compile(
            "queue_batched_migration\\s*\\(\\s*(?:name\\s*(?:=>|:=)\\s*)?'((?:[^']|'')*)'", Pattern.CASE_INSENSITIVE);
    private static final Pattern INSERT = Pattern.compile(
            "insert\\s+into\\s+(?:[\\w$\"]+\\.)?batched_background_migrations\\b", Pattern.CASE_INSENSITIVE);
    private static final Pattern LITERAL = Pattern.compile("'((?:[^']|'')*)'");
    private static final Pattern COMMENT = Pattern.compile("('(?:[^']|'')*')|--[^\\n]*|/\\*.*?\\*/", Pattern.DOTALL);

    private SqlGates() {}

    /** Returns the gates that a text asks. */
    static List<Requirement> gates(String sql) {
        return REQUIRE.matcher(plain(sql)).results().map(SqlGates::gate).toList();
    }

    private static Requirement gate(MatchResult call) {
        String rest = call.group(3)
                .toLowerCase(Locale.ROOT)
                .replaceAll("\\s+", "")
                .replaceFirst("^::text\\[\\]", "")
                .replace(":=", "=>");
        String schema = call.group(1) == null ? "" : call.group(1);
        return new Requirement(
                schema + GateQueries.FUNCTION,
                call.group(2),
                !rest.contains("verified=>false") && !rest.startsWith(",false"),
                rest.contains("allow_waived=>true") || rest.matches(",(true|false),true.*"));
    }

    /** Returns the names of the migrations that the gates of a text ask for. */
    public static Set<String> required(String sql) {
        return gates(sql).stream()
                .flatMap(gate -> AttributeType.Names.elements(gate.names()).stream())
                .collect(Collectors.toSet());
    }

    /** Returns the names that a text may queue: each literal of an INSERT into the table counts. */
    public static Set<String> queued(String sql) {
        String plain = plain(sql);
        Stream<String> called = QUEUE.matcher(plain).results().map(found -> unquoted(found.group(1)));
        Matcher insert = INSERT.matcher(plain);
        Stream<String> inserted = insert.find()
                ? LITERAL.matcher(plain.substring(insert.end())).results().map(found -> unquoted(found.group(1)))
                : Stream.of();
        return Stream.concat(called, inserted).collect(Collectors.toSet());
    }

    /** Returns a text without its comments. */
    public static String plain(String sql) {
        // What stands in quotes stays.
        return COMMENT.matcher(sql)
                .replaceAll(found -> found.group(1) == null ? " " : Matcher.quoteReplacement(found.group(1)));
    }

    private static String unquoted(String literal) {
        return literal.replace("''", "'");
    }
}
