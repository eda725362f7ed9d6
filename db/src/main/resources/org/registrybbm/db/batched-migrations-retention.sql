--liquibase formatted sql logicalFilePath:org/registrybbm/db/batched-migrations-retention.sql

-- Finished batch jobs of migrations that finished long ago are folded: neighbours become one batch job, which has the range
-- and the sums of all of them. What reads ranges or sums therefore needs to know nothing of it, be it an older release of
-- the engine or the container registry's own software. Only their number would be lost, so it is kept, and the tallies
-- count with it.

--changeset registry-bbm:fold-batch-jobs splitStatements:false rollbackSplitStatements:false
-- The schema itself, and not the way to it that the role of this moment has: whoever calls the functions may have another,
-- and may have tables of the same names in it.
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

SET LOCAL lock_timeout = '5s';

ALTER TABLE batched_background_migrations
    ADD COLUMN IF NOT EXISTS folded_at timestamptz,
    ADD COLUMN IF NOT EXISTS folding_until timestamptz;

COMMENT ON COLUMN batched_background_migrations.folded_at IS
    'When its batch jobs were folded after it had finished; NULL if they were not.';
COMMENT ON COLUMN batched_background_migrations.folding_until IS
    'Until when no other replica folds batch jobs, because one is folding those of this migration; NULL if none is.';

ALTER TABLE batched_background_migration_jobs
    ADD COLUMN IF NOT EXISTS folded_job_count bigint NOT NULL DEFAULT 0;

COMMENT ON COLUMN batched_background_migration_jobs.folded_job_count IS
    'How many other finished batch jobs were folded into this one, which has their ranges and sums.';

-- A row that is deleted alone costs as much as before. Of thousands that are deleted by one statement, each walk's sums are
-- changed once. TG_OP of the row triggers is INSERT or UPDATE now.

CREATE OR REPLACE FUNCTION tally_batched_background_migration_jobs() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    IF tg_op = 'TRUNCATE' THEN
        DELETE FROM batched_background_migration_tallies;
    ELSIF tg_op = 'DELETE' THEN
        INSERT INTO batched_background_migration_tallies AS kept
            (batched_background_migration_id, walk_id, slot, finished, uncounted, covered_tuple_count, migrated_tuple_count,
             takeovers)
        SELECT m.id, g.walk_id, pg_backend_pid() % 8, -sum(1 + g.folded_job_count),
            -coalesce(sum(1 + g.folded_job_count) FILTER (WHERE g.covered_tuple_count IS NULL), 0),
            -sum(coalesce(g.covered_tuple_count, 0)), -sum(coalesce(g.migrated_tuple_count, 0)), -sum(g.takeover_count)
        FROM gone g
        JOIN batched_background_migrations m ON m.id = g.batched_background_migration_id
        LEFT JOIN batched_background_migration_walks w ON w.id = g.walk_id
        WHERE g.status = 2
            AND (g.walk_id IS NULL OR w.id IS NOT NULL)
        GROUP BY m.id, g.walk_id
        ON CONFLICT (batched_background_migration_id, coalesce(walk_id, 0), slot) DO UPDATE
        SET finished = kept.finished + excluded.finished,
            uncounted = kept.uncounted + excluded.uncounted,
            covered_tuple_count = kept.covered_tuple_count + excluded.covered_tuple_count,
            migrated_tuple_count = kept.migrated_tuple_count + excluded.migrated_tuple_count,
            takeovers = kept.takeovers + excluded.takeovers;
    ELSE
        INSERT INTO batched_background_migration_tallies AS kept
            (batched_background_migration_id, walk_id, slot, finished, uncounted, covered_tuple_count, migrated_tuple_count,
             takeovers)
        SELECT m.id, j.walk_id, pg_backend_pid() % 8, sum(j.jobs), coalesce(sum(j.jobs) FILTER (WHERE j.covered IS NULL), 0),
            sum(j.sign * coalesce(j.covered, 0)), sum(j.sign * coalesce(j.migrated, 0)), sum(j.sign * j.takeovers)
        FROM (
            SELECT 1 AS sign, 1 + new.folded_job_count AS jobs, new.batched_background_migration_id AS migration_id,
                new.walk_id, new.covered_tuple_count AS covered, new.migrated_tuple_count AS migrated,
                new.takeover_count AS takeovers
            WHERE new.status = 2
            UNION ALL
            SELECT -1, -1 - old.folded_job_count, old.batched_background_migration_id, old.walk_id,
                old.covered_tuple_count, old.migrated_tuple_count, old.takeover_count
            WHERE tg_op = 'UPDATE' AND old.status = 2
        ) AS j
        JOIN batched_background_migrations m ON m.id = j.migration_id
        LEFT JOIN batched_background_migration_walks w ON w.id = j.walk_id
        WHERE j.walk_id IS NULL OR w.id IS NOT NULL
        GROUP BY m.id, j.walk_id
        ON CONFLICT (batched_background_migration_id, coalesce(walk_id, 0), slot) DO UPDATE
        SET finished = kept.finished + excluded.finished,
            uncounted = kept.uncounted + excluded.uncounted,
            covered_tuple_count = kept.covered_tuple_count + excluded.covered_tuple_count,
            migrated_tuple_count = kept.migrated_tuple_count + excluded.migrated_tuple_count,
            takeovers = kept.takeovers + excluded.takeovers;
    END IF;
    RETURN NULL;
END
$$;

REVOKE EXECUTE ON FUNCTION tally_batched_background_migration_jobs() FROM PUBLIC;

CREATE OR REPLACE TRIGGER trigger_batched_background_migration_jobs_tally_deleted
    AFTER DELETE ON batched_background_migration_jobs
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT
    EXECUTE FUNCTION tally_batched_background_migration_jobs();
--rollback SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);
--rollback
--rollback CREATE OR REPLACE TRIGGER trigger_batched_background_migration_jobs_tally_deleted
--rollback     AFTER DELETE ON batched_background_migration_jobs
--rollback     FOR EACH ROW
--rollback     WHEN (old.status = 2)
--rollback     EXECUTE FUNCTION tally_batched_background_migration_jobs();
--rollback
--rollback CREATE OR REPLACE FUNCTION tally_batched_background_migration_jobs() RETURNS trigger
--rollback LANGUAGE plpgsql
--rollback SECURITY DEFINER
--rollback SET search_path FROM CURRENT
--rollback AS $$
--rollback BEGIN
--rollback     IF tg_op = 'TRUNCATE' THEN
--rollback         DELETE FROM batched_background_migration_tallies;
--rollback         RETURN NULL;
--rollback     END IF;
--rollback     INSERT INTO batched_background_migration_tallies AS kept
--rollback         (batched_background_migration_id, walk_id, slot, finished, uncounted, covered_tuple_count, migrated_tuple_count,
--rollback          takeovers)
--rollback     SELECT m.id, j.walk_id, pg_backend_pid() % 8, sum(j.sign), coalesce(sum(j.sign) FILTER (WHERE j.covered IS NULL), 0),
--rollback         sum(j.sign * coalesce(j.covered, 0)), sum(j.sign * coalesce(j.migrated, 0)), sum(j.sign * j.takeovers)
--rollback     FROM (
--rollback         SELECT 1 AS sign, new.batched_background_migration_id AS migration_id, new.walk_id,
--rollback             new.covered_tuple_count AS covered, new.migrated_tuple_count AS migrated, new.takeover_count AS takeovers
--rollback         WHERE tg_op <> 'DELETE' AND new.status = 2
--rollback         UNION ALL
--rollback         SELECT -1, old.batched_background_migration_id, old.walk_id, old.covered_tuple_count, old.migrated_tuple_count,
--rollback             old.takeover_count
--rollback         WHERE tg_op <> 'INSERT' AND old.status = 2
--rollback     ) AS j
--rollback     JOIN batched_background_migrations m ON m.id = j.migration_id
--rollback     LEFT JOIN batched_background_migration_walks w ON w.id = j.walk_id
--rollback     WHERE j.walk_id IS NULL OR w.id IS NOT NULL
--rollback     GROUP BY m.id, j.walk_id
--rollback     ON CONFLICT (batched_background_migration_id, coalesce(walk_id, 0), slot) DO UPDATE
--rollback     SET finished = kept.finished + excluded.finished,
--rollback         uncounted = kept.uncounted + excluded.uncounted,
--rollback         covered_tuple_count = kept.covered_tuple_count + excluded.covered_tuple_count,
--rollback         migrated_tuple_count = kept.migrated_tuple_count + excluded.migrated_tuple_count,
--rollback         takeovers = kept.takeovers + excluded.takeovers;
--rollback     RETURN NULL;
--rollback END
--rollback $$;
--rollback
--rollback ALTER TABLE batched_background_migration_jobs
--rollback     DROP COLUMN IF EXISTS folded_job_count;
--rollback
--rollback ALTER TABLE batched_background_migrations
--rollback     DROP COLUMN IF EXISTS folded_at,
--rollback     DROP COLUMN IF EXISTS folding_until;
