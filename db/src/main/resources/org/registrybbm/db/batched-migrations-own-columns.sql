--liquibase formatted sql logicalFilePath:org/registrybbm/db/batched-migrations-own-columns.sql

-- What this project adds to the two tables. Every column is nullable or has a default, so an INSERT written for the
-- container registry's form of the tables still works. A constant default or none means that no row is rewritten.
-- A busy table makes a changeset give up after 5 s instead of queueing the application's statements behind it: run the
-- update again.

-- Before the columns that hold its values, so that a rollback drops the tokens before the sequence: a restarted
-- sequence beside old tokens could hand out a token twice.

--changeset registry-bbm:create-lease-tokens
CREATE SEQUENCE IF NOT EXISTS batched_background_migration_lease_tokens AS bigint;

COMMENT ON SEQUENCE batched_background_migration_lease_tokens IS
    'Lease tokens of batch jobs: a later lease always has the greater token.';
--rollback DROP SEQUENCE IF EXISTS batched_background_migration_lease_tokens;

--changeset registry-bbm:add-own-columns-to-batched-background-migrations
SET LOCAL lock_timeout = '5s';

ALTER TABLE batched_background_migrations
    ADD COLUMN IF NOT EXISTS arguments jsonb,
    ADD COLUMN IF NOT EXISTS batch_size_fixed boolean NOT NULL DEFAULT false,
    ADD COLUMN IF NOT EXISTS code_missing_since timestamptz,
    ADD COLUMN IF NOT EXISTS failure_class text,
    ADD COLUMN IF NOT EXISTS failure_sqlstate text,
    ADD COLUMN IF NOT EXISTS failure_message text;

COMMENT ON COLUMN batched_background_migrations.arguments IS
    'Arguments for the work function, a JSON object; NULL when it takes none.';
COMMENT ON COLUMN batched_background_migrations.batch_size_fixed IS
    'True when batch_size, in rows, must not be adapted to the measured time.';
COMMENT ON COLUMN batched_background_migrations.code_missing_since IS
    'Since when no replica has had the work function or the batching strategy; NULL when one has.';
COMMENT ON COLUMN batched_background_migrations.failure_class IS
    'Class name of the error that failed the batched migration.';
COMMENT ON COLUMN batched_background_migrations.failure_sqlstate IS
    'SQLSTATE of that error, five characters; NULL when it did not come from the database.';
COMMENT ON COLUMN batched_background_migrations.failure_message IS
    'Message of that error, without row values.';
--rollback ALTER TABLE batched_background_migrations
--rollback     DROP COLUMN IF EXISTS arguments,
--rollback     DROP COLUMN IF EXISTS batch_size_fixed,
--rollback     DROP COLUMN IF EXISTS code_missing_since,
--rollback     DROP COLUMN IF EXISTS failure_class,
--rollback     DROP COLUMN IF EXISTS failure_sqlstate,
--rollback     DROP COLUMN IF EXISTS failure_message;

--changeset registry-bbm:add-own-columns-to-batched-background-migration-jobs
SET LOCAL lock_timeout = '5s';

ALTER TABLE batched_background_migration_jobs
    ADD COLUMN IF NOT EXISTS lease_token bigint,
    ADD COLUMN IF NOT EXISTS lease_owner text,
    ADD COLUMN IF NOT EXISTS lease_until timestamptz,
    ADD COLUMN IF NOT EXISTS last_key jsonb,
    ADD COLUMN IF NOT EXISTS sub_batch_size integer,
    ADD COLUMN IF NOT EXISTS covered_tuple_count bigint,
    ADD COLUMN IF NOT EXISTS migrated_tuple_count bigint,
    ADD COLUMN IF NOT EXISTS busy_ms bigint,
    ADD COLUMN IF NOT EXISTS takeover_count smallint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS retry_at timestamptz,
    ADD COLUMN IF NOT EXISTS failure_class text,
    ADD COLUMN IF NOT EXISTS failure_sqlstate text,
    ADD COLUMN IF NOT EXISTS failure_message text;

COMMENT ON COLUMN batched_background_migration_jobs.lease_token IS
    'Token of the newest lease; a sub-batch that holds another one is rolled back.';
COMMENT ON COLUMN batched_background_migration_jobs.lease_owner IS
    'Replica that runs the batch job or ran it last; it holds the lease while lease_until is in the future.';
COMMENT ON COLUMN batched_background_migration_jobs.lease_until IS
    'When the lease ends, by the database''s clock; another worker may take the batch job over from then on.';
COMMENT ON COLUMN batched_background_migration_jobs.last_key IS
    'Last key of the last committed sub-batch, as JSON; NULL before the first one.';
COMMENT ON COLUMN batched_background_migration_jobs.sub_batch_size IS
    'Rows of the last sub-batch asked for; NULL before the first one.';
COMMENT ON COLUMN batched_background_migration_jobs.covered_tuple_count IS
    'Rows that the committed sub-batches have passed over, changed or not; NULL when the count is not known.';
COMMENT ON COLUMN batched_background_migration_jobs.migrated_tuple_count IS
    'Rows that the committed sub-batches have changed; NULL when the count is not known.';
COMMENT ON COLUMN batched_background_migration_jobs.busy_ms IS
    'Milliseconds spent in committed sub-batches, without pauses between them.';
COMMENT ON COLUMN batched_background_migration_jobs.takeover_count IS
    'How many times a lease ended before its worker gave it back.';
COMMENT ON COLUMN batched_background_migration_jobs.retry_at IS
    'When a failed batch job may run again, by the database''s clock; NULL means at once.';
COMMENT ON COLUMN batched_background_migration_jobs.failure_class IS
    'Class name of the error that ended the last attempt.';
COMMENT ON COLUMN batched_background_migration_jobs.failure_sqlstate IS
    'SQLSTATE of that error, five characters; NULL when it did not come from the database.';
COMMENT ON COLUMN batched_background_migration_jobs.failure_message IS
    'Message of that error, without row values.';
--rollback ALTER TABLE batched_background_migration_jobs
--rollback     DROP COLUMN IF EXISTS lease_token,
--rollback     DROP COLUMN IF EXISTS lease_owner,
--rollback     DROP COLUMN IF EXISTS lease_until,
--rollback     DROP COLUMN IF EXISTS last_key,
--rollback     DROP COLUMN IF EXISTS sub_batch_size,
--rollback     DROP COLUMN IF EXISTS covered_tuple_count,
--rollback     DROP COLUMN IF EXISTS migrated_tuple_count,
--rollback     DROP COLUMN IF EXISTS busy_ms,
--rollback     DROP COLUMN IF EXISTS takeover_count,
--rollback     DROP COLUMN IF EXISTS retry_at,
--rollback     DROP COLUMN IF EXISTS failure_class,
--rollback     DROP COLUMN IF EXISTS failure_sqlstate,
--rollback     DROP COLUMN IF EXISTS failure_message;

-- The legal values, for anyone who writes a status in psql. DROP and ADD in one statement can be repeated by hand.

--changeset registry-bbm:check-statuses
SET LOCAL lock_timeout = '5s';

ALTER TABLE batched_background_migrations
    DROP CONSTRAINT IF EXISTS check_batched_background_migrations_status,
    ADD CONSTRAINT check_batched_background_migrations_status
        CHECK (status BETWEEN 0 AND 4);

ALTER TABLE batched_background_migration_jobs
    DROP CONSTRAINT IF EXISTS check_batched_background_migration_jobs_status,
    ADD CONSTRAINT check_batched_background_migration_jobs_status
        CHECK (status BETWEEN 1 AND 3);

COMMENT ON CONSTRAINT check_batched_background_migrations_status ON batched_background_migrations IS
    '0 paused, 1 active, 2 finished, 3 failed, 4 running.';
COMMENT ON CONSTRAINT check_batched_background_migration_jobs_status ON batched_background_migration_jobs IS
    '1 active, 2 finished, 3 failed.';
--rollback ALTER TABLE batched_background_migration_jobs
--rollback     DROP CONSTRAINT IF EXISTS check_batched_background_migration_jobs_status;
--rollback ALTER TABLE batched_background_migrations
--rollback     DROP CONSTRAINT IF EXISTS check_batched_background_migrations_status;

-- Finished batch jobs pile up, unfinished ones are a handful: the next one to run is found without reading the pile.

--changeset registry-bbm:index-unfinished-batch-jobs
SET LOCAL lock_timeout = '5s';

CREATE INDEX IF NOT EXISTS index_batched_background_migration_jobs_unfinished
    ON batched_background_migration_jobs (batched_background_migration_id, id)
    WHERE status <> 2;
--rollback DROP INDEX IF EXISTS index_batched_background_migration_jobs_unfinished;

-- A batch job's row is updated in every sub-batch: lease_until, last_key, the counts. None of these columns may ever be
-- indexed, nor stand in the predicate of an index: then the updates are HOT, and the free 30 % of each page takes the
-- new row versions, so that no index grows and pages clean themselves.
-- The default scale factors (20 % and 10 % of a pile of finished rows) would let autovacuum come too late for the few
-- live ones; 2 % does not. The thresholds keep it quiet while the table is small.
-- A table that somebody has tuned already is left alone.

--changeset registry-bbm:tune-batch-jobs splitStatements:false rollbackSplitStatements:false
--preconditions onFail:MARK_RAN onSqlOutput:TEST
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_class WHERE oid = to_regclass('batched_background_migration_jobs') AND reloptions IS NOT NULL
ALTER TABLE batched_background_migration_jobs SET (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 200,
    autovacuum_analyze_scale_factor = 0.02,
    autovacuum_analyze_threshold = 200
);
--rollback DO $$
--rollback BEGIN
--rollback     IF (
--rollback         SELECT reloptions
--rollback         FROM pg_class
--rollback         WHERE oid = to_regclass('batched_background_migration_jobs')
--rollback     ) = ARRAY[
--rollback         'fillfactor=70',
--rollback         'autovacuum_vacuum_scale_factor=0.02',
--rollback         'autovacuum_vacuum_threshold=200',
--rollback         'autovacuum_analyze_scale_factor=0.02',
--rollback         'autovacuum_analyze_threshold=200'
--rollback     ] THEN
--rollback         ALTER TABLE batched_background_migration_jobs RESET (
--rollback             fillfactor,
--rollback             autovacuum_vacuum_scale_factor,
--rollback             autovacuum_vacuum_threshold,
--rollback             autovacuum_analyze_scale_factor,
--rollback             autovacuum_analyze_threshold
--rollback         );
--rollback     END IF;
--rollback END
--rollback $$;
