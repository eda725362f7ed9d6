--liquibase formatted sql logicalFilePath:org/registrybbm/db/batched-migrations-audit.sql

-- Who paused or started what, by whatever statement. The engine says who asked it; of a plain UPDATE the session tells.

--changeset registry-bbm:record-who-paused-and-started splitStatements:false
SET LOCAL lock_timeout = '5s';

ALTER TABLE batched_background_migration_events
    ADD COLUMN IF NOT EXISTS actor text,
    ADD COLUMN IF NOT EXISTS via text;

COMMENT ON COLUMN batched_background_migration_events.actor IS
    'The person who decided it; NULL if the engine did, or if nobody said.';
COMMENT ON COLUMN batched_background_migration_events.via IS
    'How: cli, task, code, or sql with the name of the application; NULL if the engine decided.';

CREATE OR REPLACE FUNCTION record_decisions_on_batched_background_migrations() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    INSERT INTO batched_background_migration_events (batched_background_migration_id, event, actor, via, reason)
    VALUES (
        new.id,
        CASE new.status WHEN 0 THEN 'paused' ELSE 'started' END,
        coalesce(nullif(pg_catalog.current_setting('registry_bbm.actor', true), ''), session_user),
        coalesce(
            nullif(pg_catalog.current_setting('registry_bbm.via', true), ''),
            pg_catalog.concat_ws(' ', 'sql', nullif(pg_catalog.current_setting('application_name'), ''))
        ),
        nullif(pg_catalog.current_setting('registry_bbm.reason', true), '')
    );
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER trigger_batched_background_migrations_record_decisions
    AFTER UPDATE OF status ON batched_background_migrations
    FOR EACH ROW
    WHEN (old.status <> new.status AND (new.status = 0 OR old.status IN (0, 3) AND new.status = 1))
    EXECUTE FUNCTION record_decisions_on_batched_background_migrations();

UPDATE batched_background_migration_schema SET version = 2 WHERE version < 2;
--rollback DROP TRIGGER IF EXISTS trigger_batched_background_migrations_record_decisions ON batched_background_migrations;
--rollback DROP FUNCTION IF EXISTS record_decisions_on_batched_background_migrations();
--rollback ALTER TABLE batched_background_migration_events
--rollback     DROP COLUMN IF EXISTS actor,
--rollback     DROP COLUMN IF EXISTS via;
--rollback UPDATE batched_background_migration_schema SET version = 1 WHERE version = 2;
