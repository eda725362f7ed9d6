--liquibase formatted sql logicalFilePath:org/registrybbm/db/batched-migrations-samples.sql

-- How far migrations were at which time, so that rates and the time that is left survive restarts and are the same on each
-- replica. Samples are taken only while a replica works on the migration, so the time between two of them is time at work.

--changeset registry-bbm:create-samples splitStatements:false
-- The schema itself, and not the way to it that the role of this moment has: whoever calls the functions may have another,
-- and may have tables of the same names in it.
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

CREATE TABLE IF NOT EXISTS batched_background_migration_samples (
    batched_background_migration_id bigint NOT NULL,
    slot bigint NOT NULL,
    at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    covered_tuple_count bigint NOT NULL,
    migrated_tuple_count bigint NOT NULL,
    CONSTRAINT pk_batched_background_migration_samples PRIMARY KEY (batched_background_migration_id, slot),
    CONSTRAINT fk_batched_background_migration_samples_bbm_id_bbms
        FOREIGN KEY (batched_background_migration_id)
        REFERENCES batched_background_migrations (id)
        ON DELETE CASCADE
);

COMMENT ON TABLE batched_background_migration_samples IS
    'How far batched migrations were: every 10 s for an hour, every minute for 2 days, every quarter of an hour for 30 days.';
COMMENT ON COLUMN batched_background_migration_samples.slot IS
    'The ten seconds of it, counted from 1970 on; whichever replica is first in them takes the sample.';

CREATE OR REPLACE FUNCTION sample_batched_background_migrations() RETURNS void
LANGUAGE sql
SET search_path FROM CURRENT
SET jit = off
AS $$
    WITH at_work AS (
        -- Proofs and retries cover nothing.
        SELECT DISTINCT j.batched_background_migration_id AS id
        FROM batched_background_migration_jobs j
        LEFT JOIN batched_background_migration_walks w ON w.id = j.walk_id
        WHERE j.status = 1
            AND j.lease_until > clock_timestamp()
            AND (j.walk_id IS NULL OR w.kind = 'change' AND w.pass = 1)
    ), due AS (
        SELECT w.id, floor(extract(epoch FROM clock_timestamp()) / 10)::bigint AS slot
        FROM at_work w
    ), taken AS (
        INSERT INTO batched_background_migration_samples
            (batched_background_migration_id, slot, covered_tuple_count, migrated_tuple_count)
        SELECT d.id, d.slot, coalesce(sum(counted.covered), 0), coalesce(sum(counted.migrated), 0)
        FROM due d
        LEFT JOIN LATERAL (
            -- What nobody counted is the same in each sample, and only differences are read.
            SELECT t.walk_id, t.covered_tuple_count AS covered, t.migrated_tuple_count AS migrated
            FROM batched_background_migration_tallies t
            WHERE t.batched_background_migration_id = d.id
            UNION ALL
            SELECT j.walk_id, j.covered_tuple_count, j.migrated_tuple_count
            FROM batched_background_migration_jobs j
            WHERE j.batched_background_migration_id = d.id
                AND j.status <> 2
        ) AS counted ON true
        LEFT JOIN batched_background_migration_walks o ON o.id = counted.walk_id
        WHERE (counted.walk_id IS NULL OR o.kind = 'change' AND o.pass = 1)
            AND NOT EXISTS (
                SELECT
                FROM batched_background_migration_samples s
                WHERE s.batched_background_migration_id = d.id
                    AND s.slot = d.slot
            )
        GROUP BY d.id, d.slot
        ORDER BY d.id
        ON CONFLICT DO NOTHING
        RETURNING batched_background_migration_id AS id, slot
    )
    -- About once a minute. The first of each minute or quarter of an hour stays.
    DELETE FROM batched_background_migration_samples s
    USING taken t
    WHERE s.batched_background_migration_id = t.id
        AND t.slot % 6 < 2
        AND (s.slot < t.slot - 259200
            OR EXISTS (
                SELECT
                FROM batched_background_migration_samples earlier
                WHERE earlier.batched_background_migration_id = s.batched_background_migration_id
                    AND earlier.slot < s.slot
                    AND (s.slot < t.slot - 360 AND earlier.slot >= s.slot - s.slot % 6
                        OR s.slot < t.slot - 17280 AND earlier.slot >= s.slot - s.slot % 90)
            ))
$$;

COMMENT ON FUNCTION sample_batched_background_migrations() IS
    'Records how far the migrations are that a replica works on, unless another one has done so in the same ten seconds.';
--rollback DROP FUNCTION IF EXISTS sample_batched_background_migrations();
--rollback DROP TABLE IF EXISTS batched_background_migration_samples;
