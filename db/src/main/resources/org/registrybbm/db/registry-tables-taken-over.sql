--liquibase formatted sql logicalFilePath:org/registrybbm/db/registry-tables-taken-over.sql

-- What an older release of the container registry may have left out of its tables. On tables that are complete, among
-- them those that registry-tables.sql has just created, each changeset is marked as run (MARK_RAN) and does nothing.

-- A constant default: no row is rewritten.

--changeset registry-bbm:add-manifests-media-type-id-convert-to-bigint splitStatements:false rollbackSplitStatements:false
--preconditions onFail:MARK_RAN onSqlOutput:TEST
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_class AS t WHERE t.oid = to_regclass('public.manifests') AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = t.oid AND attname = 'media_type_id_convert_to_bigint' AND NOT attisdropped)
SET LOCAL lock_timeout = '5s';

ALTER TABLE public.manifests
    ADD COLUMN media_type_id_convert_to_bigint bigint NOT NULL DEFAULT 0;

COMMENT ON COLUMN public.manifests.media_type_id_convert_to_bigint IS
    'Copy of media_type_id in its wider type; 0 until a batched migration has filled it. Created by Registry BBM.';
--rollback DO $$
--rollback BEGIN
--rollback     IF EXISTS (
--rollback         SELECT
--rollback         FROM pg_attribute
--rollback         WHERE attrelid = to_regclass('public.manifests')
--rollback             AND attname = 'media_type_id_convert_to_bigint'
--rollback             AND col_description(attrelid, attnum) LIKE '%Created by Registry BBM.'
--rollback     ) THEN
--rollback         ALTER TABLE public.manifests DROP COLUMN media_type_id_convert_to_bigint;
--rollback     END IF;
--rollback END
--rollback $$;

-- Two steps: a column that is born with a volatile default rewrites the whole table; a default that is set afterwards
-- holds for new rows only, and the old ones stay NULL for the batched migration.

--changeset registry-bbm:add-blobs-id splitStatements:false rollbackSplitStatements:false
--preconditions onFail:MARK_RAN onSqlOutput:TEST
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_class AS t WHERE t.oid = to_regclass('public.blobs') AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = t.oid AND attname = 'id' AND NOT attisdropped)
SET LOCAL lock_timeout = '5s';

ALTER TABLE public.blobs
    ADD COLUMN id bigint;
ALTER TABLE public.blobs
    ALTER COLUMN id SET DEFAULT nextval('public.blobs_id_seq');

COMMENT ON COLUMN public.blobs.id IS
    'Number of the blob; NULL until a batched migration has filled it. Created by Registry BBM.';
--rollback DO $$
--rollback BEGIN
--rollback     IF EXISTS (
--rollback         SELECT
--rollback         FROM pg_attribute
--rollback         WHERE attrelid = to_regclass('public.blobs')
--rollback             AND attname = 'id'
--rollback             AND col_description(attrelid, attnum) LIKE '%Created by Registry BBM.'
--rollback     ) THEN
--rollback         ALTER TABLE public.blobs DROP COLUMN id;
--rollback     END IF;
--rollback END
--rollback $$;

-- Without the default the NULL strategy would never see the end: new rows keep coming.

--changeset registry-bbm:set-blobs-id-default splitStatements:false rollbackSplitStatements:false
--preconditions onFail:MARK_RAN onSqlOutput:TEST
--precondition-sql-check expectedResult:1 SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('public.blobs') AND attname = 'id' AND NOT attisdropped AND NOT atthasdef AND attidentity = ''
SET LOCAL lock_timeout = '5s';

ALTER TABLE public.blobs
    ALTER COLUMN id SET DEFAULT nextval('public.blobs_id_seq');

COMMENT ON COLUMN public.blobs.id IS
    'Number of the blob; NULL until a batched migration has filled it. Default set by Registry BBM.';
--rollback DO $$
--rollback BEGIN
--rollback     IF EXISTS (
--rollback         SELECT
--rollback         FROM pg_attribute
--rollback         WHERE attrelid = to_regclass('public.blobs')
--rollback             AND attname = 'id'
--rollback             AND col_description(attrelid, attnum) LIKE '%Default set by Registry BBM.'
--rollback     ) THEN
--rollback         ALTER TABLE public.blobs ALTER COLUMN id DROP DEFAULT;
--rollback         COMMENT ON COLUMN public.blobs.id IS NULL;
--rollback     END IF;
--rollback END
--rollback $$;

-- The next two build their indexes without blocking writers, so they run outside a transaction; an update that is cut
-- off is simply run again. An index that an earlier try left unfinished would look present and never be used: it is
-- dropped first. Indexes that were present are remembered, so that a rollback drops only those that were built here.
-- Statements end in ;; because they must reach the server one by one, and Liquibase would also cut a DO block at its
-- semicolons; psql reads the second one as an empty statement.

-- How the NULL strategy finds its rows.

--changeset registry-bbm:index-blobs-partitions-on-null-id runInTransaction:false rollbackSplitStatements:false splitStatements:true endDelimiter:;;
--preconditions onFail:MARK_RAN onSqlOutput:TEST
--precondition-sql-check expectedResult:1 SELECT CASE WHEN count(*) = 64 AND count(*) FILTER (WHERE NOT EXISTS (SELECT FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] WHERE i.indrelid = p.oid AND i.indisvalid AND a.attname = 'id' AND pg_get_expr(i.indpred, i.indrelid) = '(id IS NULL)')) > 0 THEN 1 ELSE 0 END FROM generate_series(0, 63) AS n JOIN pg_class AS p ON p.oid = to_regclass(format('partitions.blobs_p_%s', n))
DO $$
DECLARE
    unfinished regclass;
BEGIN
    PERFORM set_config('lock_timeout', '5s', true);
    FOR unfinished IN
        SELECT i.indexrelid
        FROM generate_series(0, 63) AS n
        JOIN pg_index AS i
            ON i.indexrelid = to_regclass(format('partitions.index_blobs_p_%s_on_null_id', n))
        WHERE NOT i.indisvalid
    LOOP
        EXECUTE format('DROP INDEX %s', unfinished);
    END LOOP;
END
$$;;

DROP TABLE IF EXISTS pg_temp.present_before;;
CREATE TEMPORARY TABLE present_before AS
    SELECT to_regclass(format('partitions.index_blobs_p_%s_on_null_id', n)) AS index_name
    FROM generate_series(0, 63) AS n;;

CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_0_on_null_id ON partitions.blobs_p_0 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_1_on_null_id ON partitions.blobs_p_1 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_2_on_null_id ON partitions.blobs_p_2 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_3_on_null_id ON partitions.blobs_p_3 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_4_on_null_id ON partitions.blobs_p_4 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_5_on_null_id ON partitions.blobs_p_5 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_6_on_null_id ON partitions.blobs_p_6 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_7_on_null_id ON partitions.blobs_p_7 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_8_on_null_id ON partitions.blobs_p_8 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_9_on_null_id ON partitions.blobs_p_9 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_10_on_null_id ON partitions.blobs_p_10 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_11_on_null_id ON partitions.blobs_p_11 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_12_on_null_id ON partitions.blobs_p_12 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_13_on_null_id ON partitions.blobs_p_13 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_14_on_null_id ON partitions.blobs_p_14 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_15_on_null_id ON partitions.blobs_p_15 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_16_on_null_id ON partitions.blobs_p_16 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_17_on_null_id ON partitions.blobs_p_17 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_18_on_null_id ON partitions.blobs_p_18 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_19_on_null_id ON partitions.blobs_p_19 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_20_on_null_id ON partitions.blobs_p_20 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_21_on_null_id ON partitions.blobs_p_21 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_22_on_null_id ON partitions.blobs_p_22 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_23_on_null_id ON partitions.blobs_p_23 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_24_on_null_id ON partitions.blobs_p_24 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_25_on_null_id ON partitions.blobs_p_25 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_26_on_null_id ON partitions.blobs_p_26 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_27_on_null_id ON partitions.blobs_p_27 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_28_on_null_id ON partitions.blobs_p_28 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_29_on_null_id ON partitions.blobs_p_29 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_30_on_null_id ON partitions.blobs_p_30 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_31_on_null_id ON partitions.blobs_p_31 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_32_on_null_id ON partitions.blobs_p_32 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_33_on_null_id ON partitions.blobs_p_33 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_34_on_null_id ON partitions.blobs_p_34 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_35_on_null_id ON partitions.blobs_p_35 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_36_on_null_id ON partitions.blobs_p_36 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_37_on_null_id ON partitions.blobs_p_37 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_38_on_null_id ON partitions.blobs_p_38 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_39_on_null_id ON partitions.blobs_p_39 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_40_on_null_id ON partitions.blobs_p_40 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_41_on_null_id ON partitions.blobs_p_41 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_42_on_null_id ON partitions.blobs_p_42 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_43_on_null_id ON partitions.blobs_p_43 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_44_on_null_id ON partitions.blobs_p_44 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_45_on_null_id ON partitions.blobs_p_45 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_46_on_null_id ON partitions.blobs_p_46 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_47_on_null_id ON partitions.blobs_p_47 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_48_on_null_id ON partitions.blobs_p_48 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_49_on_null_id ON partitions.blobs_p_49 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_50_on_null_id ON partitions.blobs_p_50 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_51_on_null_id ON partitions.blobs_p_51 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_52_on_null_id ON partitions.blobs_p_52 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_53_on_null_id ON partitions.blobs_p_53 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_54_on_null_id ON partitions.blobs_p_54 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_55_on_null_id ON partitions.blobs_p_55 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_56_on_null_id ON partitions.blobs_p_56 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_57_on_null_id ON partitions.blobs_p_57 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_58_on_null_id ON partitions.blobs_p_58 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_59_on_null_id ON partitions.blobs_p_59 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_60_on_null_id ON partitions.blobs_p_60 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_61_on_null_id ON partitions.blobs_p_61 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_62_on_null_id ON partitions.blobs_p_62 (id) WHERE id IS NULL;;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_p_63_on_null_id ON partitions.blobs_p_63 (id) WHERE id IS NULL;;

DO $$
DECLARE
    built regclass;
BEGIN
    FOR built IN
        SELECT to_regclass(format('partitions.index_blobs_p_%s_on_null_id', n))
        FROM generate_series(0, 63) AS n
        EXCEPT
        SELECT index_name
        FROM pg_temp.present_before
    LOOP
        EXECUTE format('COMMENT ON INDEX %s IS %L', built, 'Rows that have no id yet. Created by Registry BBM.');
    END LOOP;
END
$$;;

DROP TABLE pg_temp.present_before;;
--rollback DO $$
--rollback DECLARE
--rollback     built regclass;
--rollback BEGIN
--rollback     FOR built IN
--rollback         SELECT to_regclass(format('partitions.index_blobs_p_%s_on_null_id', n))
--rollback         FROM generate_series(0, 63) AS n
--rollback     LOOP
--rollback         IF obj_description(built, 'pg_class') LIKE '%Created by Registry BBM.' THEN
--rollback             EXECUTE format('DROP INDEX %s', built);
--rollback         END IF;
--rollback     END LOOP;
--rollback END
--rollback $$;

-- How batches of manifests are cut: by id, which the primary key has only in third place.

--changeset registry-bbm:index-manifests-partitions-on-id runInTransaction:false rollbackSplitStatements:false splitStatements:true endDelimiter:;;
--preconditions onFail:MARK_RAN onSqlOutput:TEST
--precondition-sql-check expectedResult:1 SELECT CASE WHEN count(*) = 64 AND count(*) FILTER (WHERE NOT EXISTS (SELECT FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] WHERE i.indrelid = p.oid AND i.indisvalid AND a.attname = 'id' AND i.indpred IS NULL)) > 0 THEN 1 ELSE 0 END FROM generate_series(0, 63) AS n JOIN pg_class AS p ON p.oid = to_regclass(format('partitions.manifests_p_%s', n))
DO $$
DECLARE
    unfinished regclass;
BEGIN
    PERFORM set_config('lock_timeout', '5s', true);
    FOR unfinished IN
        SELECT i.indexrelid
        FROM generate_series(0, 63) AS n
        JOIN pg_index AS i
            ON i.indexrelid = to_regclass(format('partitions.index_manifests_p_%s_on_id', n))
        WHERE NOT i.indisvalid
    LOOP
        EXECUTE format('DROP INDEX %s', unfinished);
    END LOOP;
END
$$;;

DROP TABLE IF EXISTS pg_temp.present_before;;
CREATE TEMPORARY TABLE present_before AS
    SELECT to_regclass(format('partitions.index_manifests_p_%s_on_id', n)) AS index_name
    FROM generate_series(0, 63) AS n;;

CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_0_on_id ON partitions.manifests_p_0 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_1_on_id ON partitions.manifests_p_1 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_2_on_id ON partitions.manifests_p_2 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_3_on_id ON partitions.manifests_p_3 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_4_on_id ON partitions.manifests_p_4 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_5_on_id ON partitions.manifests_p_5 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_6_on_id ON partitions.manifests_p_6 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_7_on_id ON partitions.manifests_p_7 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_8_on_id ON partitions.manifests_p_8 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_9_on_id ON partitions.manifests_p_9 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_10_on_id ON partitions.manifests_p_10 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_11_on_id ON partitions.manifests_p_11 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_12_on_id ON partitions.manifests_p_12 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_13_on_id ON partitions.manifests_p_13 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_14_on_id ON partitions.manifests_p_14 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_15_on_id ON partitions.manifests_p_15 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_16_on_id ON partitions.manifests_p_16 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_17_on_id ON partitions.manifests_p_17 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_18_on_id ON partitions.manifests_p_18 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_19_on_id ON partitions.manifests_p_19 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_20_on_id ON partitions.manifests_p_20 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_21_on_id ON partitions.manifests_p_21 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_22_on_id ON partitions.manifests_p_22 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_23_on_id ON partitions.manifests_p_23 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_24_on_id ON partitions.manifests_p_24 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_25_on_id ON partitions.manifests_p_25 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_26_on_id ON partitions.manifests_p_26 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_27_on_id ON partitions.manifests_p_27 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_28_on_id ON partitions.manifests_p_28 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_29_on_id ON partitions.manifests_p_29 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_30_on_id ON partitions.manifests_p_30 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_31_on_id ON partitions.manifests_p_31 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_32_on_id ON partitions.manifests_p_32 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_33_on_id ON partitions.manifests_p_33 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_34_on_id ON partitions.manifests_p_34 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_35_on_id ON partitions.manifests_p_35 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_36_on_id ON partitions.manifests_p_36 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_37_on_id ON partitions.manifests_p_37 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_38_on_id ON partitions.manifests_p_38 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_39_on_id ON partitions.manifests_p_39 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_40_on_id ON partitions.manifests_p_40 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_41_on_id ON partitions.manifests_p_41 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_42_on_id ON partitions.manifests_p_42 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_43_on_id ON partitions.manifests_p_43 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_44_on_id ON partitions.manifests_p_44 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_45_on_id ON partitions.manifests_p_45 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_46_on_id ON partitions.manifests_p_46 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_47_on_id ON partitions.manifests_p_47 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_48_on_id ON partitions.manifests_p_48 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_49_on_id ON partitions.manifests_p_49 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_50_on_id ON partitions.manifests_p_50 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_51_on_id ON partitions.manifests_p_51 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_52_on_id ON partitions.manifests_p_52 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_53_on_id ON partitions.manifests_p_53 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_54_on_id ON partitions.manifests_p_54 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_55_on_id ON partitions.manifests_p_55 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_56_on_id ON partitions.manifests_p_56 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_57_on_id ON partitions.manifests_p_57 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_58_on_id ON partitions.manifests_p_58 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_59_on_id ON partitions.manifests_p_59 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_60_on_id ON partitions.manifests_p_60 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_61_on_id ON partitions.manifests_p_61 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_62_on_id ON partitions.manifests_p_62 (id);;
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_manifests_p_63_on_id ON partitions.manifests_p_63 (id);;

DO $$
DECLARE
    built regclass;
BEGIN
    FOR built IN
        SELECT to_regclass(format('partitions.index_manifests_p_%s_on_id', n))
        FROM generate_series(0, 63) AS n
        EXCEPT
        SELECT index_name
        FROM pg_temp.present_before
    LOOP
        EXECUTE format('COMMENT ON INDEX %s IS %L', built, 'Manifests by id. Created by Registry BBM.');
    END LOOP;
END
$$;;

DROP TABLE pg_temp.present_before;;
--rollback DO $$
--rollback DECLARE
--rollback     built regclass;
--rollback BEGIN
--rollback     FOR built IN
--rollback         SELECT to_regclass(format('partitions.index_manifests_p_%s_on_id', n))
--rollback         FROM generate_series(0, 63) AS n
--rollback     LOOP
--rollback         IF obj_description(built, 'pg_class') LIKE '%Created by Registry BBM.' THEN
--rollback             EXECUTE format('DROP INDEX %s', built);
--rollback         END IF;
--rollback     END LOOP;
--rollback END
--rollback $$;
