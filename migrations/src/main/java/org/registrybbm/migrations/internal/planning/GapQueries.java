package org.registrybbm.migrations.internal.planning;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.tables.JobQueries;
import org.registrybbm.migrations.internal.walk.Walk;
import org.registrybbm.migrations.internal.walk.WalkQueries;

/**
 * Statements that find walks whose batch jobs may leave gaps. Most walks cannot have a gap: they were cut from one end to the other, and
 * the triggers of the table show that nobody else has touched their batch jobs.
 */
final class GapQueries {
    // A partition that is still as empty as when its walk was opened needs no batch job. Ranges of numbers must reach
    // the current bounds of the migration. Ranges of keys reach the end if the walk is cut whole without a last key,
    // because its last batch job then has no end.
    private static final String DOUBTFUL = "SELECT " + WalkQueries.COLUMNS + """
            FROM batched_background_migration_walks w
            CROSS JOIN (VALUES (?::boolean, ?::bigint, ?::bigint)) AS given (numbers, least, most)
            WHERE w.batched_background_migration_id = ?
                AND w.kind = 'change'
                AND (w.only_table
                    OR EXISTS (SELECT FROM batched_background_migration_jobs WHERE walk_id = w.id)
                    OR pg_relation_size(w.table_oid) > 0)
                AND NOT (w.contiguous AND CASE
                    WHEN given.numbers THEN coalesce((
                            SELECT min_value
                            FROM batched_background_migration_jobs
                            WHERE walk_id = w.id
                            ORDER BY max_value
                            LIMIT 1
                        ) <= given.least, false)
                        AND coalesce((
                            SELECT max(%s)
                            FROM batched_background_migration_jobs j
                            WHERE walk_id = w.id
                                AND max_value = (
                                    SELECT max(max_value) FROM batched_background_migration_jobs WHERE walk_id = w.id
                                )
                        ) >= given.most, false)
                    ELSE w.cut_whole
                        AND w.cut_key IS NULL
                        AND EXISTS (SELECT FROM batched_background_migration_jobs WHERE walk_id = w.id)
                END)
            ORDER BY w.id
            """.formatted(JobQueries.LAST_VALUE);

    // Whoever deletes a batch job of the walk from now on waits for this transaction, and then makes the walk doubtful
    // again.
    private static final String NOTE = """
            UPDATE batched_background_migration_walks
            SET contiguous = ?
            WHERE id = ?
            """;

    private GapQueries() {}

    /**
     * Where the ranges of a migration's walks begin and end.
     *
     * @param numbers whether they are ranges of numbers; otherwise the ends mean nothing
     */
    record Ends(boolean numbers, long least, long most) {}

    /** Returns the walks over tables with rows that batch jobs may not cover completely. */
    static List<Walk> doubtful(Connection connection, long migrationId, Ends ends) throws SQLException {
        return Jdbc.list(
                connection, DOUBTFUL, WalkQueries::walk, ends.numbers(), ends.least(), ends.most(), migrationId);
    }

    /** Stores whether the ranges of a walk follow each other without a gap. This locks the walk's row until the transaction ends. */
    static void note(Connection connection, Walk walk, boolean contiguous) throws SQLException {
        Jdbc.update(connection, NOTE, contiguous, walk.id());
    }
}
