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

DROP TRIGGER IF EXISTS trigger_batched_background_migrations_forget_plans ON batched_background_migrations;

CREATE TRIGGER trigger_batched_background_migrations_forget_plans
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
