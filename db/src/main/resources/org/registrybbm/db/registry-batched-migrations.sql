--liquibase formatted sql logicalFilePath:org/registrybbm/db/registry-batched-migrations.sql

-- The batched migrations that the registry ships. Where the container registry has queued one already, its row stays as
-- it is, whatever its status. A partition that does not exist gets none.
-- updated_at = created_at marks a row that was queued here and that nothing has touched since: a rollback takes away
-- only those. What has been started holds progress that belongs to the operator.

--changeset registry-bbm:queue-registry-batched-migrations
INSERT INTO batched_background_migrations (
    name,
    created_at,
    updated_at,
    min_value,
    max_value,
    batch_size,
    status,
    job_signature_name,
    table_name,
    column_name
)
VALUES (
    'copy_manifests_media_type_id_column_to_media_type_id_convert_to_bigint_column',
    now(),
    now(),
    1,
    9223372036854775807,
    10000,
    1, -- active
    'copyManifestMediaTypeIDToNewBigIntColumn',
    'public.manifests',
    'id'
)
ON CONFLICT (name) DO NOTHING;

INSERT INTO batched_background_migrations (
    name,
    created_at,
    updated_at,
    min_value,
    max_value,
    batch_size,
    status,
    job_signature_name,
    table_name,
    column_name,
    batching_strategy
)
SELECT
    format('backfill_blobs_p_%s_id_column', n),
    now(),
    now(),
    0,
    0,
    100000,
    1, -- active
    'populateBlobsIDColumn',
    format('partitions.blobs_p_%s', n),
    'id',
    'NullKeySetBatchingStrategy'
FROM generate_series(0, 63) AS n
WHERE to_regclass(format('partitions.blobs_p_%s', n)) IS NOT NULL
ORDER BY n
ON CONFLICT (name) DO NOTHING;
--rollback DELETE FROM batched_background_migrations
--rollback WHERE (
--rollback         name = 'copy_manifests_media_type_id_column_to_media_type_id_convert_to_bigint_column'
--rollback         OR name ~ '^backfill_blobs_p_[0-9]+_id_column$'
--rollback     )
--rollback     AND updated_at = created_at
--rollback     AND started_at IS NULL;

-- In a fresh database there is nothing to change.

--changeset registry-bbm:finish-registry-batched-migrations-of-empty-tables
SELECT finish_batched_migrations_of_empty_tables(ARRAY(
    SELECT name
    FROM batched_background_migrations
    WHERE (name = 'copy_manifests_media_type_id_column_to_media_type_id_convert_to_bigint_column'
            OR name ~ '^backfill_blobs_p_[0-9]+_id_column$')
        AND updated_at = created_at
));
--rollback not required
