package org.registrybbm.migrations.internal.quarantine;

import com.fasterxml.jackson.databind.JsonNode;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.registrybbm.migrations.internal.catalog.KeyJson;
import org.registrybbm.migrations.internal.catalog.RowIdentity;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.SqlIdentifiers;
import org.registrybbm.migrations.internal.jdbc.ValueSettings;

/**
 * Finds the rows of a table that are in quarantine, at a cost that does not grow with the quarantine. Each statement here uses the unique
 * index of the quarantine, whatever the planner believes about a table that nobody has analysed since it grew.
 */
public final class SparedQueries {
    /** Reading this many entries is taken to cost as much as looking up one row. Measured, it is 20 to 40 entries. */
    private static final int ENTRIES_FOR_A_ROW = 16;

    /** Up to this many literals, a statement is faster with literals than with a look-up for each of its rows. */
    private static final int FEW = 100;

    // Entries that are done count towards the limit too; otherwise the statement might step over any number of them.
    private static final String FIRST = """
            SELECT q.row_key::text AS identity, q.status <> 'done' OR ? AS spared
            FROM batched_background_migration_quarantined_rows q
            WHERE q.batched_background_migration_id = ?
                AND q.table_oid = ?::oid
            ORDER BY q.row_key
            LIMIT %d
            """.formatted(FEW + 1);

    // JSON objects with the same number of members are sorted by their first member, the one with the shortest name. So
    // the entries of row versions lie together.
    private static final String MANY = "SELECT " + SqlIdentifiers.quotedInSql("n.nspname", "c.relname") + """
             AS name, (
                    SELECT true
                    FROM batched_background_migration_quarantined_rows q
                    WHERE q.batched_background_migration_id = ?
                        AND q.table_oid = ?::oid
                        AND q.row_key > '{"ctid": "", "xmin": "", "filenode": "", "tableoid": ""}'
                        AND q.row_key < '{"ctid": 0, "xmin": "", "filenode": "", "tableoid": ""}'
                    ORDER BY q.row_key
                    LIMIT 1
                ) IS NOT NULL AS versions
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.oid = 'batched_background_migration_quarantined_rows'::regclass
            """;

    // %1$s is the quarantine's quoted name, %4$s the rest of the condition.
    private static final String ENTRIES = """
            SELECT row_key AS registry_bbm_entry
            FROM %1$s
            WHERE batched_background_migration_id = %2$d
                AND table_oid = %3$d::oid%4$s
            """.strip();

    private static final String AT_MOST = """
            SELECT count(*) AS entries
            FROM (
                SELECT
                FROM batched_background_migration_quarantined_rows q
                WHERE q.batched_background_migration_id = ?
                    AND q.table_oid = ?::oid
                ORDER BY q.row_key
                LIMIT ?
            ) AS entry
            """;

    // %1$s is the range.
    private static final String ENTRIES_WITHIN = """
            SELECT q.row_key::text AS identity
            FROM batched_background_migration_quarantined_rows q
            WHERE q.batched_background_migration_id = ?
                AND q.table_oid = ?::oid
                AND (q.status <> 'done' OR ?)
                AND (%1$s)
            ORDER BY q.row_key
            LIMIT %2$d
            """;

    // %1$s is the rows' identity, %2$s the quoted table, %3$s the range. The LIMIT keeps this one look-up for each row.
    private static final String ROWS_WITHIN = """
            SELECT entry.row_key::text AS identity
            FROM (SELECT %1$s AS identity FROM %2$s WHERE %3$s) AS walked
            CROSS JOIN LATERAL (
                SELECT q.row_key
                FROM batched_background_migration_quarantined_rows q
                WHERE q.batched_background_migration_id = ?
                    AND q.table_oid = ?::oid
                    AND q.row_key = walked.identity
                    AND (q.status <> 'done' OR ?)
                LIMIT 1
            ) AS entry
            LIMIT %4$d
            """;

    private SparedQueries() {}

    /**
     * Selects the entries of the quarantine whose rows are left out.
     *
     * @param table the object id of the table
     * @param evenDone whether rows that are done by now are left out too. This is needed if only a cursor tells what is done, because it
     *     may not have passed these rows yet.
     */
    public record Entries(long migrationId, long table, boolean evenDone) {}

    /**
     * A range of a table, as conditions that the engine itself has written.
     *
     * @param rows the condition that a row lies in it
     * @param entries the condition that the row of an entry {@code q} lies in it; present if the identity of a row contains the key
     * @param covered about how many rows lie in it
     */
    public record Range(String rows, Optional<String> entries, long covered) {}

    private record First(JsonNode identity, boolean spared) {}

    private record Many(String name, boolean versions) {}

    /** Finds the rows to leave out in a whole table. */
    public static SparedRows find(Connection connection, RowIdentity identity, Entries entries) throws SQLException {
        List<First> first = Jdbc.list(
                connection,
                FIRST,
                row -> new First(KeyJson.parse(row.getString("identity")), row.getBoolean("spared")),
                entries.evenDone(),
                entries.migrationId(),
                entries.table());
        if (first.size() <= FEW) {
            return SparedRows.listed(
                    identity,
                    entries,
                    first.stream().filter(First::spared).map(First::identity).toList());
        }
        Many many = Jdbc.one(
                connection,
                MANY,
                row -> new Many(row.getString("name"), row.getBoolean("versions")),
                entries.migrationId(),
                entries.table());
        List<RowIdentity> lookups =
                many.versions() && !identity.isVersion() ? List.of(identity, RowIdentity.VERSIONS) : List.of(identity);
        String statement = ENTRIES.formatted(
                many.name(), entries.migrationId(), entries.table(), entries.evenDone() ? "" : " AND status <> 'done'");
        return new SparedRows(
                identity,
                entries,
                Optional.of(qualifier -> lookups.stream()
                        .map(each -> each.isAmong(statement, qualifier))
                        .collect(Collectors.joining(" OR ", "(", ")"))),
                lookups);
    }

    /** Finds the rows to leave out in a range. If they are few, they become literals, which mean the same in any statement of an author. */
    public static SparedRows within(Connection connection, SparedRows spared, TargetTable target, Range range)
            throws SQLException {
        if (spared.lookups().isEmpty()) {
            return spared;
        }
        Entries entries = spared.entries();
        List<JsonNode> found = new ArrayList<>();
        for (RowIdentity lookup : spared.lookups()) {
            int most = FEW + 1 - found.size();
            boolean byEntries = lookup.equals(spared.identity())
                    && range.entries().isPresent()
                    && hasAtMost(connection, entries, ENTRIES_FOR_A_ROW * range.covered());
            String sql = byEntries
                    ? ENTRIES_WITHIN.formatted(range.entries().get(), most)
                    : ROWS_WITHIN.formatted(lookup.json(""), target.table(), range.rows(), most);
            found.addAll(
                    byEntries || lookup.hasOneText()
                            ? within(connection, sql, entries)
                            : ValueSettings.pinned(connection, tx -> within(tx, sql, entries)));
            if (found.size() > FEW) {
                return spared;
            }
        }
        return SparedRows.listed(spared.identity(), entries, found);
    }

    private static boolean hasAtMost(Connection connection, Entries entries, long most) throws SQLException {
        return Jdbc.one(
                        connection,
                        AT_MOST,
                        row -> row.getLong("entries"),
                        entries.migrationId(),
                        entries.table(),
                        most + 1)
                <= most;
    }

    private static List<JsonNode> within(Connection connection, String sql, Entries entries) throws SQLException {
        return Jdbc.list(
                connection,
                sql,
                row -> KeyJson.parse(row.getString("identity")),
                entries.migrationId(),
                entries.table(),
                entries.evenDone());
    }
}
