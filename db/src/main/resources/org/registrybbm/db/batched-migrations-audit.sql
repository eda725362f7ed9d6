--liquibase formatted sql logicalFilePath:org/registrybbm/db/batched-migrations-audit.sql

-- Who paused or started what, by whatever statement. The engine says who asked it; of a plain UPDATE the session tells. It is
-- a record for colleagues and no proof: whoever may change a status may also say that another person did.

--changeset registry-bbm:record-who-paused-and-started splitStatements:false
-- The schema itself, and not the way to it that the role of this moment has: whoever calls the functions may have another,
-- and may have tables of the same names in it.
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

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
    -- What the engine decides it records itself.
    IF pg_catalog.current_setting('registry_bbm.via', true) = 'engine' THEN
        RETURN NULL;
    END IF;
    DELETE FROM batched_background_migration_events
    WHERE batched_background_migration_id = new.id
        AND id <= (
            SELECT id
            FROM batched_background_migration_events
            WHERE batched_background_migration_id = new.id
            ORDER BY id DESC
            OFFSET 999
            LIMIT 1
        );
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

REVOKE EXECUTE ON FUNCTION record_decisions_on_batched_background_migrations() FROM PUBLIC;

CREATE INDEX IF NOT EXISTS index_batched_background_migration_events_paused
    ON batched_background_migration_events (batched_background_migration_id, id DESC)
    WHERE event = 'paused';

CREATE OR REPLACE TRIGGER trigger_batched_background_migrations_record_decisions
    AFTER UPDATE OF status ON batched_background_migrations
    FOR EACH ROW
    WHEN (old.status <> new.status AND (new.status = 0 OR old.status IN (0, 3) AND new.status = 1))
    EXECUTE FUNCTION record_decisions_on_batched_background_migrations();

UPDATE batched_background_migration_schema SET version = 2 WHERE version < 2;
--rollback DROP TRIGGER IF EXISTS trigger_batched_background_migrations_record_decisions ON batched_background_migrations;
--rollback DROP FUNCTION IF EXISTS record_decisions_on_batched_background_migrations();
--rollback DROP INDEX IF EXISTS index_batched_background_migration_events_paused;
--rollback ALTER TABLE batched_background_migration_events
--rollback     DROP COLUMN IF EXISTS actor,
--rollback     DROP COLUMN IF EXISTS via;
--rollback UPDATE batched_background_migration_schema SET version = 1 WHERE version = 2;

-- What is decided about the budget of the fleet or of a table is about no migration alone.

--changeset registry-bbm:record-decisions-on-budgets
SET LOCAL lock_timeout = '5s';

ALTER TABLE batched_background_migration_events
    ALTER COLUMN batched_background_migration_id DROP NOT NULL;

CREATE INDEX IF NOT EXISTS index_batched_background_migration_events_of_no_migration
    ON batched_background_migration_events (id DESC)
    WHERE batched_background_migration_id IS NULL;
--rollback DROP INDEX IF EXISTS index_batched_background_migration_events_of_no_migration;
--rollback DELETE FROM batched_background_migration_events WHERE batched_background_migration_id IS NULL;
--rollback ALTER TABLE batched_background_migration_events ALTER COLUMN batched_background_migration_id SET NOT NULL;
