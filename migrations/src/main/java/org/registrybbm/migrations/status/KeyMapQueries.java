package org.registrybbm.migrations.status;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.tables.JobQueries;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.status.KeyMap.Cell;

/** Statements that find where in its range of keys a migration has been. */
final class KeyMapQueries {
    // Batch jobs are cut in the order of their keys, so the greatest number of any is how far they go. A walk over
    // partitions has as many orders as there are partitions, and the numbers of blocks are no keys. The first batch job
    // begins, and the last one ends, at a bound, which may be far away from any key.
    private static final String ENDS = """
            SELECT min(j.min_value) AS first, min(%1$s) AS first_end,
                coalesce((array_agg(j.covered_tuple_count ORDER BY j.min_value))[1], 0) AS first_rows,
                max(%1$s) AS last, max(j.min_value) AS last_begin
            FROM batched_background_migration_jobs j
            LEFT JOIN batched_background_migration_walks w ON w.id = j.walk_id
            WHERE j.batched_background_migration_id = ?
                AND j.after_key IS NULL
                AND (j.walk_id IS NULL OR w.kind = 'change' AND w.pass = 1 AND w.only_table)
            """.formatted(JobQueries.LAST_VALUE);

    private static final String UNFINISHED = JobQueries.WITH_HELD + """
            SELECT j.min_value AS first, %s AS last, j.last_key ->> 0 AS done, j.status = 3 AS failed,
                j.id IN (SELECT id FROM held) AS held
            FROM batched_background_migration_jobs j
            LEFT JOIN batched_background_migration_walks w ON w.id = j.walk_id
            WHERE j.batched_background_migration_id = ?
                AND j.status <> 2
                AND j.after_key IS NULL
                AND (j.walk_id IS NULL OR w.kind = 'change' AND w.pass = 1 AND w.only_table)
            ORDER BY j.min_value
            LIMIT 1000
            """.formatted(JobQueries.LAST_VALUE);

    /**
     * How far the batch jobs go.
     *
     * @param first where the first one begins, or a guess if that is the least number of all
     * @param last where the last one ends, or where it begins if it ends at the greatest number of all
     */
    private record Ends(long first, long last) {
        static Optional<Ends> of(ResultSet row) throws SQLException {
            long first = row.getLong("first");
            if (row.wasNull()) {
                return Optional.empty();
            }
            long last = row.getLong("last");
            Ends ends = new Ends(
                    first == Long.MIN_VALUE ? minus(row.getLong("first_end"), row.getLong("first_rows")) : first,
                    last == Long.MAX_VALUE ? row.getLong("last_begin") : last);
            return ends.last() > ends.first() && ends.last() - ends.first() > 0 ? Optional.of(ends) : Optional.empty();
        }
    }

    private static long minus(long end, long rows) {
        return end < Long.MIN_VALUE + rows ? Long.MIN_VALUE : end - rows;
    }

    private record Part(long first, long last, long done, Cell kind) {}

    private KeyMapQueries() {}

    /**
     * Makes the map; empty if the migration does not go along an integer key of one table, or if nothing was cut yet.
     *
     * @param expected about how many rows there are, or 0 if that is unknown: it tells where the last key may be if no bound does
     * @param covered how many of them were looked at
     */
    static Optional<KeyMap> map(
            Connection connection, BatchedMigration migration, long expected, long covered, int cells)
            throws SQLException {
        if (migration.definition().strategy() != null) {
            return Optional.empty();
        }
        Optional<Ends> ends = Jdbc.one(connection, ENDS, Ends::of, migration.id());
        if (ends.isEmpty()) {
            return Optional.empty();
        }
        List<Part> parts = Jdbc.list(
                connection,
                UNFINISHED,
                row -> new Part(
                        row.getLong("first"),
                        row.getLong("last"),
                        done(row.getString("done"), row.getLong("first")),
                        row.getBoolean("failed") ? Cell.FAILED : row.getBoolean("held") ? Cell.AT_WORK : Cell.OPEN),
                migration.id());
        return Optional.of(draw(
                ends.get(), parts, last(migration, ends.get(), keysDone(ends.get(), parts), expected, covered), cells));
    }

    private static long done(@Nullable String lastKey, long first) {
        return lastKey == null ? Math.max(first, Long.MIN_VALUE + 1) - 1 : Long.parseLong(lastKey);
    }

    /** Returns how many keys are done: all that batch jobs hold, without those that are left in them. */
    private static double keysDone(Ends ends, List<Part> parts) {
        double left = parts.stream()
                .mapToDouble(part -> Math.max(0, (double) Math.min(part.last(), ends.last()) - part.done()))
                .sum();
        return (double) ends.last() - ends.first() + 1 - left;
    }

    private static long last(BatchedMigration migration, Ends ends, double keysDone, long expected, long covered) {
        long bound = migration.bounds().last();
        if (bound < Long.MAX_VALUE) {
            return bound;
        }
        double perRow = covered > 0 && keysDone > 0 ? keysDone / covered : 1;
        double end = ends.first() + perRow * Math.max(expected, covered);
        return Math.max(ends.last(), end < Long.MAX_VALUE ? (long) end : Long.MAX_VALUE);
    }

    private static KeyMap draw(Ends ends, List<Part> parts, long last, int cells) {
        Scale scale = new Scale(ends.first(), Math.max(last, ends.last()), cells);
        List<Cell> drawn = new ArrayList<>(Collections.nCopies(cells, Cell.TO_DO));
        fill(drawn, 0, scale.cell(ends.last()), Cell.DONE);
        for (Cell kind : List.of(Cell.OPEN, Cell.AT_WORK, Cell.FAILED)) {
            for (Part part : parts) {
                if (part.kind() == kind) {
                    fill(
                            drawn,
                            scale.cell(part.done() >= part.last() ? part.last() : part.done() + 1),
                            scale.cell(part.last()),
                            kind);
                }
            }
        }
        return new KeyMap(ends.first(), scale.last(), drawn);
    }

    private static void fill(List<Cell> cells, int from, int through, Cell kind) {
        for (int i = from; i <= through; i++) {
            cells.set(i, kind);
        }
    }

    private record Scale(long first, long last, int cells) {
        int cell(long key) {
            double part = ((double) key - first) / Math.max(1.0, (double) last - first);
            return (int) Math.max(0, Math.min(cells - 1, Math.floor(part * cells)));
        }
    }
}
