--liquibase formatted sql logicalFilePath:org/registrybbm/db/batched-migrations-records.sql

-- What the engine writes down so as to be right on a database that changes under it: definitions that are edited, tables
-- that are restored, plans that fail, batch jobs that another software may go on with. Every column is nullable or has a
-- constant default.

--changeset registry-bbm:record-what-walks-began-with
SET LOCAL lock_timeout = '5s';

ALTER TABLE batched_background_migration_walks
    ADD COLUMN IF NOT EXISTS definition jsonb,
    ADD COLUMN IF NOT EXISTS origin text;

COMMENT ON COLUMN batched_background_migration_walks.definition IS
    'What the walk was begun with, a JSON object: table, column, strategy, signature, arguments.';
COMMENT ON COLUMN batched_background_migration_walks.origin IS
    'Which server, database and table tree table_oid is of; in another one, such as a restored dump, table_name tells.';
--rollback ALTER TABLE batched_background_migration_walks
--rollback     DROP COLUMN IF EXISTS definition,
--rollback     DROP COLUMN IF EXISTS origin;

--changeset registry-bbm:record-hand-backs-and-pending-rows-of-batch-jobs
SET LOCAL lock_timeout = '5s';

ALTER TABLE batched_background_migration_jobs
    ADD COLUMN IF NOT EXISTS handed_back_at timestamptz,
    ADD COLUMN IF NOT EXISTS pending_tuple_count bigint;

COMMENT ON COLUMN batched_background_migration_jobs.handed_back_at IS
    'When a replica that was shut down gave it back, with status 3, in which the container registry''s own software would run it too; NULL otherwise.';
COMMENT ON COLUMN batched_background_migration_jobs.pending_tuple_count IS
    'Rows that were still not done after the work was run on them again, as a verification found; NULL for none.';
--rollback ALTER TABLE batched_background_migration_jobs
--rollback     DROP COLUMN IF EXISTS handed_back_at,
--rollback     DROP COLUMN IF EXISTS pending_tuple_count;

--changeset registry-bbm:record-plans-that-failed
SET LOCAL lock_timeout = '5s';

ALTER TABLE batched_background_migrations
    ADD COLUMN IF NOT EXISTS plan_failures integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS plan_failure_message text,
    ADD COLUMN IF NOT EXISTS plan_again_at timestamptz;

COMMENT ON COLUMN batched_background_migrations.plan_failures IS
    'How many times in a row it could not be planned for a reason that may pass.';
COMMENT ON COLUMN batched_background_migrations.plan_failure_message IS
    'Why it could not be planned last, without row values; NULL when it could.';
COMMENT ON COLUMN batched_background_migrations.plan_again_at IS
    'When it is planned again after that, by the database''s clock.';
--rollback ALTER TABLE batched_background_migrations
--rollback     DROP COLUMN IF EXISTS plan_failures,
--rollback     DROP COLUMN IF EXISTS plan_failure_message,
--rollback     DROP COLUMN IF EXISTS plan_again_at;

-- Whoever changes a status by whatever statement wants it obeyed at once, and not when the next plan would be tried.

--changeset registry-bbm:forget-failed-plans-with-the-status splitStatements:false
SET LOCAL lock_timeout = '5s';

CREATE OR REPLACE FUNCTION forget_failed_plans_of_batched_background_migrations() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    new.plan_failures := 0;
    new.plan_failure_message := NULL;
    new.plan_again_at := NULL;
    RETURN new;
END
$$;

CREATE OR REPLACE TRIGGER trigger_batched_background_migrations_forget_plans
    BEFORE UPDATE OF status ON batched_background_migrations
    FOR EACH ROW
    WHEN (old.status <> new.status)
    EXECUTE FUNCTION forget_failed_plans_of_batched_background_migrations();
--rollback DROP TRIGGER IF EXISTS trigger_batched_background_migrations_forget_plans ON batched_background_migrations;
--rollback DROP FUNCTION IF EXISTS forget_failed_plans_of_batched_background_migrations();

--changeset registry-bbm:record-lock-waits-of-batch-jobs
SET LOCAL lock_timeout = '5s';

ALTER TABLE batched_background_migration_jobs
    ADD COLUMN IF NOT EXISTS lock_waits integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS blocked_since timestamptz,
    ADD COLUMN IF NOT EXISTS blocked_by text;

COMMENT ON COLUMN batched_background_migration_jobs.lock_waits IS
    'How many times in a row a lock of somebody else kept it from its next row; it is tried again at retry_at, and no attempt is counted.';
COMMENT ON COLUMN batched_background_migration_jobs.blocked_since IS
    'Since when; NULL when it is not.';
COMMENT ON COLUMN batched_background_migration_jobs.blocked_by IS
    'Whose lock that was the last time; NULL when it is not blocked or when nobody knows.';
--rollback ALTER TABLE batched_background_migration_jobs
--rollback     DROP COLUMN IF EXISTS lock_waits,
--rollback     DROP COLUMN IF EXISTS blocked_since,
--rollback     DROP COLUMN IF EXISTS blocked_by;

-- When a worker dies, every replica sees at once that its batch job is due. One of them goes to Quartz for it.

--changeset registry-bbm:record-offers-of-batch-jobs
SET LOCAL lock_timeout = '5s';

ALTER TABLE batched_background_migration_jobs
    ADD COLUMN IF NOT EXISTS offered_at timestamptz;

COMMENT ON COLUMN batched_background_migration_jobs.offered_at IS
    'When a replica took it for one of its workers, which has not begun it yet; 3 s later any other replica may. NULL once it was begun.';
--rollback ALTER TABLE batched_background_migration_jobs
--rollback     DROP COLUMN IF EXISTS offered_at;

-- Of a great quarantine, what waits for a person is counted, and the next row to be tried again found, without the others.

--changeset registry-bbm:index-unsettled-quarantined-rows
SET LOCAL lock_timeout = '5s';

CREATE INDEX IF NOT EXISTS index_bbm_quarantined_rows_on_bbm_id_status_table_oid_and_id
    ON batched_background_migration_quarantined_rows (batched_background_migration_id, status, table_oid, id)
    WHERE status IN ('quarantined', 'retrying');
--rollback DROP INDEX IF EXISTS index_bbm_quarantined_rows_on_bbm_id_status_table_oid_and_id;

-- Finished batch jobs pile up by the million, and whoever looks at a migration wants their sums at once. Eight rows a walk,
-- so that workers that end at the same time seldom wait for each other. Whoever changes a batch job by whatever statement
-- has it counted, with the rights of the owner; walks that are forgotten take their sums with them.

--changeset registry-bbm:tally-finished-batch-jobs splitStatements:false
-- The schema itself, and not the way to it that the role of this moment has: whoever calls the functions may have another,
-- and may have tables of the same names in it.
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

SET LOCAL lock_timeout = '5s';

CREATE TABLE IF NOT EXISTS batched_background_migration_tallies (
    batched_background_migration_id bigint NOT NULL,
    walk_id bigint,
    slot smallint NOT NULL,
    finished bigint NOT NULL,
    uncounted bigint NOT NULL,
    covered_tuple_count numeric NOT NULL,
    migrated_tuple_count numeric NOT NULL,
    takeovers bigint NOT NULL,
    CONSTRAINT fk_batched_background_migration_tallies_bbm_id_bbms
        FOREIGN KEY (batched_background_migration_id)
        REFERENCES batched_background_migrations (id)
        ON DELETE CASCADE,
    CONSTRAINT fk_batched_background_migration_tallies_walk_id_walks
        FOREIGN KEY (walk_id)
        REFERENCES batched_background_migration_walks (id)
        ON DELETE CASCADE
) WITH (fillfactor = 50);

CREATE UNIQUE INDEX IF NOT EXISTS unique_batched_background_migration_tallies
    ON batched_background_migration_tallies (batched_background_migration_id, coalesce(walk_id, 0), slot);

CREATE INDEX IF NOT EXISTS index_batched_background_migration_tallies_on_walk_id
    ON batched_background_migration_tallies (walk_id);

CREATE INDEX IF NOT EXISTS index_batched_background_migration_walks_uncut
    ON batched_background_migration_walks (batched_background_migration_id, id)
    WHERE NOT cut_whole;

COMMENT ON TABLE batched_background_migration_tallies IS
    'Sums over the finished batch jobs of each walk, kept by a trigger; the true value is the sum over its slots.';
COMMENT ON COLUMN batched_background_migration_tallies.walk_id IS
    'NULL for batch jobs that the container registry''s own software made.';
COMMENT ON COLUMN batched_background_migration_tallies.uncounted IS
    'Finished batch jobs whose covered rows nobody counted.';

CREATE OR REPLACE FUNCTION tally_batched_background_migration_jobs() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    IF tg_op = 'TRUNCATE' THEN
        DELETE FROM batched_background_migration_tallies;
        RETURN NULL;
    END IF;
    INSERT INTO batched_background_migration_tallies AS kept
        (batched_background_migration_id, walk_id, slot, finished, uncounted, covered_tuple_count, migrated_tuple_count,
         takeovers)
    SELECT m.id, j.walk_id, pg_backend_pid() % 8, sum(j.sign), coalesce(sum(j.sign) FILTER (WHERE j.covered IS NULL), 0),
        sum(j.sign * coalesce(j.covered, 0)), sum(j.sign * coalesce(j.migrated, 0)), sum(j.sign * j.takeovers)
    FROM (
        SELECT 1 AS sign, new.batched_background_migration_id AS migration_id, new.walk_id,
            new.covered_tuple_count AS covered, new.migrated_tuple_count AS migrated, new.takeover_count AS takeovers
        WHERE tg_op <> 'DELETE' AND new.status = 2
        UNION ALL
        SELECT -1, old.batched_background_migration_id, old.walk_id, old.covered_tuple_count, old.migrated_tuple_count,
            old.takeover_count
        WHERE tg_op <> 'INSERT' AND old.status = 2
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
    RETURN NULL;
END
$$;

-- Nobody else may have it write with the owner's rights.
REVOKE EXECUTE ON FUNCTION tally_batched_background_migration_jobs() FROM PUBLIC;

CREATE OR REPLACE TRIGGER trigger_batched_background_migration_jobs_tally_inserted
    AFTER INSERT ON batched_background_migration_jobs
    FOR EACH ROW
    WHEN (new.status = 2)
    EXECUTE FUNCTION tally_batched_background_migration_jobs();

CREATE OR REPLACE TRIGGER trigger_batched_background_migration_jobs_tally_updated
    AFTER UPDATE ON batched_background_migration_jobs
    FOR EACH ROW
    WHEN (old.status = 2 OR new.status = 2)
    EXECUTE FUNCTION tally_batched_background_migration_jobs();

CREATE OR REPLACE TRIGGER trigger_batched_background_migration_jobs_tally_deleted
    AFTER DELETE ON batched_background_migration_jobs
    FOR EACH ROW
    WHEN (old.status = 2)
    EXECUTE FUNCTION tally_batched_background_migration_jobs();

CREATE OR REPLACE TRIGGER trigger_batched_background_migration_jobs_tally_truncated
    AFTER TRUNCATE ON batched_background_migration_jobs
    FOR EACH STATEMENT
    EXECUTE FUNCTION tally_batched_background_migration_jobs();

INSERT INTO batched_background_migration_tallies
SELECT j.batched_background_migration_id, j.walk_id, 0, count(*), count(*) FILTER (WHERE j.covered_tuple_count IS NULL),
    sum(coalesce(j.covered_tuple_count, 0)), sum(coalesce(j.migrated_tuple_count, 0)), sum(j.takeover_count)
FROM batched_background_migration_jobs j
LEFT JOIN batched_background_migration_walks w ON w.id = j.walk_id
WHERE j.status = 2
    AND (j.walk_id IS NULL OR w.id IS NOT NULL)
GROUP BY 1, 2
ON CONFLICT DO NOTHING;
--rollback DROP TRIGGER IF EXISTS trigger_batched_background_migration_jobs_tally_inserted ON batched_background_migration_jobs;
--rollback DROP TRIGGER IF EXISTS trigger_batched_background_migration_jobs_tally_updated ON batched_background_migration_jobs;
--rollback DROP TRIGGER IF EXISTS trigger_batched_background_migration_jobs_tally_deleted ON batched_background_migration_jobs;
--rollback DROP TRIGGER IF EXISTS trigger_batched_background_migration_jobs_tally_truncated ON batched_background_migration_jobs;
--rollback DROP FUNCTION IF EXISTS tally_batched_background_migration_jobs();
--rollback DROP TABLE IF EXISTS batched_background_migration_tallies;
--rollback DROP INDEX IF EXISTS index_batched_background_migration_walks_uncut;

-- Finished means that no range was left out. The engine cuts each batch job where the one before it ends, so that only
-- somebody else's statement can leave a gap, and millions of ranges need not be compared to know that there is none. Walks
-- that are there already have their ranges compared.

--changeset registry-bbm:record-whose-ranges-follow-each-other splitStatements:false
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

SET LOCAL lock_timeout = '5s';

ALTER TABLE batched_background_migration_walks
    ADD COLUMN IF NOT EXISTS contiguous boolean NOT NULL DEFAULT false;

COMMENT ON COLUMN batched_background_migration_walks.contiguous IS
    'True while its batch jobs are known to follow each other without a gap; triggers on the batch jobs set it to false when one is deleted, its range is edited, or other software makes one.';

CREATE OR REPLACE FUNCTION doubt_ranges_of_batched_background_migration_walks() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    IF tg_op = 'TRUNCATE' THEN
        UPDATE batched_background_migration_walks
        SET contiguous = false
        WHERE contiguous;
    ELSIF tg_op = 'DELETE' THEN
        UPDATE batched_background_migration_walks
        SET contiguous = false
        WHERE contiguous
            AND (id IN (SELECT walk_id FROM gone)
                OR batched_background_migration_id IN (
                    SELECT batched_background_migration_id FROM gone WHERE walk_id IS NULL
                ));
    ELSIF tg_op = 'UPDATE' THEN
        UPDATE batched_background_migration_walks
        SET contiguous = false
        WHERE contiguous
            AND (id IN (old.walk_id, new.walk_id)
                OR (old.walk_id IS NULL OR new.walk_id IS NULL)
                    AND batched_background_migration_id
                        IN (old.batched_background_migration_id, new.batched_background_migration_id));
    ELSE
        UPDATE batched_background_migration_walks
        SET contiguous = false
        WHERE contiguous
            AND batched_background_migration_id = new.batched_background_migration_id;
    END IF;
    RETURN NULL;
END
$$;

REVOKE EXECUTE ON FUNCTION doubt_ranges_of_batched_background_migration_walks() FROM PUBLIC;

CREATE OR REPLACE TRIGGER trigger_batched_background_migration_jobs_doubt_inserted
    AFTER INSERT ON batched_background_migration_jobs
    FOR EACH ROW
    WHEN (new.walk_id IS NULL)
    EXECUTE FUNCTION doubt_ranges_of_batched_background_migration_walks();

CREATE OR REPLACE TRIGGER trigger_batched_background_migration_jobs_doubt_updated
    AFTER UPDATE OF batched_background_migration_id, walk_id, min_value, max_value, after_key, through_key
    ON batched_background_migration_jobs
    FOR EACH ROW
    WHEN ((old.batched_background_migration_id, old.walk_id, old.min_value, old.max_value, old.after_key, old.through_key)
        IS DISTINCT FROM
        (new.batched_background_migration_id, new.walk_id, new.min_value, new.max_value, new.after_key, new.through_key))
    EXECUTE FUNCTION doubt_ranges_of_batched_background_migration_walks();

CREATE OR REPLACE TRIGGER trigger_batched_background_migration_jobs_doubt_deleted
    AFTER DELETE ON batched_background_migration_jobs
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT
    EXECUTE FUNCTION doubt_ranges_of_batched_background_migration_walks();

CREATE OR REPLACE TRIGGER trigger_batched_background_migration_jobs_doubt_truncated
    AFTER TRUNCATE ON batched_background_migration_jobs
    FOR EACH STATEMENT
    EXECUTE FUNCTION doubt_ranges_of_batched_background_migration_walks();
--rollback DROP TRIGGER IF EXISTS trigger_batched_background_migration_jobs_doubt_inserted ON batched_background_migration_jobs;
--rollback DROP TRIGGER IF EXISTS trigger_batched_background_migration_jobs_doubt_updated ON batched_background_migration_jobs;
--rollback DROP TRIGGER IF EXISTS trigger_batched_background_migration_jobs_doubt_deleted ON batched_background_migration_jobs;
--rollback DROP TRIGGER IF EXISTS trigger_batched_background_migration_jobs_doubt_truncated ON batched_background_migration_jobs;
--rollback DROP FUNCTION IF EXISTS doubt_ranges_of_batched_background_migration_walks();
--rollback ALTER TABLE batched_background_migration_walks DROP COLUMN IF EXISTS contiguous;

-- Each plan and each batch job asks whether its migration is defined as its walks were begun. Of many partitions, one walk of
-- each way to begin is read.

--changeset registry-bbm:index-walks-by-what-they-began-with
SET LOCAL lock_timeout = '5s';

CREATE INDEX IF NOT EXISTS index_batched_background_migration_walks_begun_with
    ON batched_background_migration_walks (
        batched_background_migration_id,
        (coalesce(jsonb_hash_extended(definition, 0), 0) # coalesce(hashtextextended(origin, 0), 0)),
        id
    );
--rollback DROP INDEX IF EXISTS index_batched_background_migration_walks_begun_with;
