--liquibase formatted sql logicalFilePath:org/registrybbm/db/batched-migrations-requests.sql

-- What people and programs ask for over HTTP, where an answer has to outlive the request.

--changeset registry-bbm:create-batched-background-migration-verifications
CREATE TABLE IF NOT EXISTS batched_background_migration_verifications (
    batched_background_migration_id bigint NOT NULL,
    run uuid NOT NULL DEFAULT gen_random_uuid(),
    replica text NOT NULL,
    asked_by text,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    rows_read bigint NOT NULL DEFAULT 0,
    ended_at timestamptz,
    verdict text,
    rows_left bigint,
    explanation text,
    CONSTRAINT pk_batched_background_migration_verifications PRIMARY KEY (batched_background_migration_id),
    CONSTRAINT fk_batched_background_migration_verifications_bbm_id_bbms
        FOREIGN KEY (batched_background_migration_id)
        REFERENCES batched_background_migrations (id)
        ON DELETE CASCADE,
    CONSTRAINT check_batched_background_migration_verifications_verdict
        CHECK (verdict IN ('complete', 'incomplete', 'unknown', 'stopped')),
    CONSTRAINT check_batched_background_migration_verifications_ended
        CHECK ((ended_at IS NULL) = (verdict IS NULL))
);

COMMENT ON TABLE batched_background_migration_verifications IS
    'The last verification of each batched migration that somebody asked a replica for.';
COMMENT ON COLUMN batched_background_migration_verifications.run IS
    'Which one it is: whoever writes its progress must know it.';
COMMENT ON COLUMN batched_background_migration_verifications.seen_at IS
    'When its replica last said that it still verifies.';
COMMENT ON COLUMN batched_background_migration_verifications.verdict IS
    'complete, incomplete, unknown or stopped; NULL until it has ended.';
--rollback DROP TABLE IF EXISTS batched_background_migration_verifications;

--changeset registry-bbm:create-batched-background-migration-request-keys
CREATE TABLE IF NOT EXISTS batched_background_migration_request_keys (
    actor text NOT NULL,
    key text NOT NULL,
    run uuid NOT NULL DEFAULT gen_random_uuid(),
    fingerprint text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    status integer,
    location text,
    body text,
    CONSTRAINT pk_batched_background_migration_request_keys PRIMARY KEY (actor, key)
);

CREATE INDEX IF NOT EXISTS index_batched_background_migration_request_keys_on_created_at
    ON batched_background_migration_request_keys (created_at);

COMMENT ON TABLE batched_background_migration_request_keys IS
    'Answers to requests that had an Idempotency-Key: for 24 hours, and the newest 1,000 of each token.';
COMMENT ON COLUMN batched_background_migration_request_keys.actor IS
    'The name of the token.';
COMMENT ON COLUMN batched_background_migration_request_keys.fingerprint IS
    'The SHA-256 of the method, the address and the body.';
COMMENT ON COLUMN batched_background_migration_request_keys.status IS
    'The status of the answer; NULL while the request is in progress.';
--rollback DROP TABLE IF EXISTS batched_background_migration_request_keys;
