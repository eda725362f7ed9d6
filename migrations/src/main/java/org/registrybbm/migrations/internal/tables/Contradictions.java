package org.registrybbm.migrations.internal.tables;

import java.sql.Connection;
import java.sql.SQLException;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.model.Strategy;

/** Statements on migrations that are finished by their status but not by their batch jobs. */
public final class Contradictions {
    /**
     * SQL condition that a migration, aliased {@code m}, is finished by its status although batch jobs that the engine has made or begun
     * are unfinished, or do not yet cover its tables, or rows in quarantine wait for a decision. Then a person or other software has set
     * the status.
     *
     * <p>The strategies that follow a condition are left out of the second check: they never cut a walk whole, and find by themselves what
     * is left. Ranges that are missing in a walk over the whole table are accepted if the container registry's software has covered them
     * with its own batch jobs.
     */
    public static final String FOUND =
            """
            (m.status = 2
                AND (EXISTS (
                        SELECT
                        FROM batched_background_migration_jobs open
                        WHERE open.batched_background_migration_id = m.id
                            AND open.status <> 2
                            AND (open.walk_id IS NOT NULL OR open.lease_owner IS NOT NULL)
                    )
                    OR EXISTS (
                        SELECT
                        FROM batched_background_migration_quarantined_rows waiting
                        WHERE waiting.batched_background_migration_id = m.id
                            AND waiting.status IN ('quarantined', 'retrying')
                    )
                    OR coalesce(m.batching_strategy, '') NOT IN ('%s', '%s')
                        AND EXISTS (
                            SELECT
                            FROM batched_background_migration_walks uncut
                            WHERE uncut.batched_background_migration_id = m.id
                                AND NOT uncut.cut_whole
                                AND NOT (uncut.only_table AND uncut.kind = 'change' AND EXISTS (
                                    SELECT
                                    FROM batched_background_migration_jobs last
                                    WHERE last.batched_background_migration_id = m.id
                                        AND last.max_value >= m.max_value
                                        AND last.walk_id IS NULL
                                ))
                        )))
            """.formatted(Strategy.NULLS.stored(), Strategy.PREDICATE.stored()).strip();

    private static final String REOPEN = """
            UPDATE batched_background_migrations m
            SET status = 1, -- active
                failure_error_code = NULL,
                failure_class = NULL,
                failure_sqlstate = NULL,
                failure_message = NULL,
                started_at = now(),
                finished_at = NULL,
                verified_at = NULL,
                updated_at = now()
            WHERE m.id = ?
                AND %s
            """.formatted(FOUND);

    private Contradictions() {}

    /** Makes a migration active that is finished only by its status; returns whether it was one. */
    public static boolean reopen(Connection connection, long id) throws SQLException {
        return Jdbc.update(connection, REOPEN, id) == 1;
    }
}
