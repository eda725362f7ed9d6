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
 * Finds the rows of a table that the quarantine has, at a cost that does not grow with the quarantine. Each statement here goes by its
 * unique index, whatever the planner believes of a table that nobody has analyzed since it grew.
 */
public final class SparedQueries {
    /** To read an entry costs about so much less than to look up a row; measured, it is 20 to 40 times. */
    private static final int ENTRIES_FOR_A_ROW = 16;

    /** So many literals cost a statement less than a look-up for each of its rows. */
    private static final int FEW = 100;

    // Those that are done count among the first ones too, or it would step over any number of them.
    private static final String FIRST = """
            SELECT q.row_key::text AS identity, q.status <> 'done' OR ? AS spared
            FROM batched_background_migration_quarantined_rows q
            WHERE q.batched_background_migration_id = ?
                AND q.table_oid = ?::oid
            ORDER BY q.row_key
            LIMIT %d
            """.formatted(FEW + 1);

    // Objects of as many members are sorted by the first one, the shortest name: those of row versions lie together.
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

    // %1$s is the rows' identity, %2$s the quoted table, %3$s the range. With its LIMIT the look-up stays one of each
    // row.
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
     * Which entries of the quarantine name rows of a table that are spared.
     *
     * @param table its object id
     * @param evenDone whether rows are spared that are done by now, as only a cursor tells what is done and may not have passed them yet
     */
    public record Entries(long migrationId, long table, boolean evenDone) {}

    /**
     * A range of a table, by conditions of the engine's own.
     *
     * @param rows the condition that a row lies in it
     * @param entries the same of an entry {@code q}, where the key is a part of what tells the rows apart
     * @param covered about how many rows lie in it
     */
    public record Range(String rows, Optional<String> entries, long covered) {}

    private record First(JsonNode identity, boolean spared) {}

    private record Many(String name, boolean versions) {}

    /** Finds those of a whole table. */
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

    /** Finds those of a range. Few of them become literals, which mean the same in any statement of an author. */
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
