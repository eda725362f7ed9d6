--liquibase formatted sql logicalFilePath:org/registrybbm/db/column-conversion-copies.sql

-- What hangs on the columns of a conversion, and the statements that make the same for their twins.

-- What follows the names, with the schema before each name, because whoever runs a statement may have any search path.

--changeset registry-bbm:create-column-conversion-definition splitStatements:false stripComments:false
CREATE OR REPLACE FUNCTION column_conversion_definition(kind text, id oid) RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog
AS $$
DECLARE
    whole text;
    start text;
BEGIN
    IF $1 = 'sequence' THEN
        RETURN (
            SELECT format('AS %s MINVALUE %s MAXVALUE %s', q.seqtypid::regtype, q.seqmin, q.seqmax)
            FROM pg_sequence q
            WHERE q.seqrelid = $2
        );
    ELSIF $1 = 'check' THEN
        RETURN regexp_replace(pg_get_constraintdef($2), ' NOT VALID$', '');
    ELSIF $1 = 'statistics' THEN
        RETURN pg_get_statisticsobjdef_columns($2);
    ELSIF $1 = 'condition' THEN
        RETURN (SELECT ' WHERE ' || pg_get_expr(i.indpred, i.indrelid) FROM pg_index i WHERE i.indexrelid = $2);
    END IF;
    -- Of a temporary table, PostgreSQL 14 writes the schema that it has, and later ones pg_temp.
    SELECT pg_get_indexdef(i.indexrelid), format(
        'CREATE %s %I ON %s.%I ', CASE WHEN i.indisunique THEN 'UNIQUE INDEX' ELSE 'INDEX' END, x.relname, home, c.relname)
    INTO whole, start
    FROM pg_index i
    JOIN pg_class x ON x.oid = i.indexrelid
    JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN unnest(ARRAY[quote_ident(n.nspname), 'pg_temp']) AS home
    WHERE i.indexrelid = $2
    ORDER BY pg_get_indexdef(i.indexrelid) LIKE '% ON ' || home || '.%' DESC
    LIMIT 1;
    IF NOT starts_with(whole, start) THEN
        RAISE EXCEPTION 'an index is not understood: %', whole;
    END IF;
    RETURN substr(whole, length(start) + 1);
END
$$;
--rollback DROP FUNCTION IF EXISTS column_conversion_definition(text, oid);

-- Expressions are copied by PostgreSQL itself: on an empty clone of the table, on which the columns have their new type already,
-- what there is on the columns is made anew, the columns are renamed to words that occur nowhere else, and these words are
-- replaced in what PostgreSQL then prints. Beside a wider column, a constant or an operator becomes another one; on the way back,
-- what was printed before is taken.

--changeset registry-bbm:create-column-conversion-copies splitStatements:false stripComments:false
-- The schema itself, and not the way to it that the role of this moment has: whoever calls the functions may have another,
-- and may have tables of the same names in it.
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

CREATE OR REPLACE FUNCTION column_conversion_copies(conversion text, verb text, table_name text, columns text[], twins text[], types text[])
RETURNS TABLE (kind text, name text, copy text, statement text, state text)
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    source oid := to_regclass($3);
    clone oid;
    numbers smallint[] := ARRAY(
        SELECT a.attnum FROM pg_attribute a WHERE a.attrelid = to_regclass($3) AND a.attname = ANY ($4) AND NOT a.attisdropped
    );
    words text[] := ARRAY(SELECT 'bbm_' || md5(random()::text || i) FROM generate_subscripts($4, 1) AS i);
    part record;
    made oid;
    condition text;
BEGIN
    CREATE TEMP TABLE bbm_parts ON COMMIT DROP AS
    SELECT row_number() OVER (ORDER BY o.kind, o.name) AS number, o.*, column_conversion_name(o.name || '_twin') AS copy,
        NULL::text AS made, coalesce(before.narrow, now.definition) AS definition
    FROM (
        SELECT 'index' AS kind, i.indexrelid AS id, quote_ident(n.nspname) AS home, x.relname::text AS name, true AS valid,
            CASE WHEN i.indisunique THEN 'UNIQUE INDEX' ELSE 'INDEX' END AS what, ' TABLESPACE ' || quote_ident(s.spcname) AS place
        FROM pg_index i
        JOIN pg_class x ON x.oid = i.indexrelid
        JOIN pg_namespace n ON n.oid = x.relnamespace
        LEFT JOIN pg_tablespace s ON s.oid = x.reltablespace
        WHERE i.indexrelid IN (SELECT column_indexes(source, numbers))
        UNION ALL
        SELECT 'check', k.oid, NULL, k.conname, k.convalidated, NULL, NULL
        FROM pg_constraint k
        WHERE k.conrelid = source
            AND k.contype = 'c'
            AND k.conkey && numbers
            AND k.conname <> ALL (ARRAY(SELECT column_conversion_name('bbm_same_' || c) FROM unnest($4) AS c))
        UNION ALL
        SELECT 'statistics', e.oid, quote_ident(n.nspname), e.stxname, true,
            coalesce((
                SELECT ' (' || string_agg(k.word, ', ') || ')'
                FROM (VALUES ('d', 'ndistinct'), ('f', 'dependencies'), ('m', 'mcv')) AS k (letter, word)
                WHERE k.letter = ANY (e.stxkind::text[])
            ), ''),
            NULL
        FROM pg_statistic_ext e
        JOIN pg_namespace n ON n.oid = e.stxnamespace
        WHERE e.oid IN (SELECT column_statistics(source, numbers))
    ) AS o
    CROSS JOIN LATERAL (SELECT column_conversion_definition(o.kind, o.id) AS definition) AS now
    LEFT JOIN batched_background_migration_conversion_originals before ON $2 = 'undo'
        AND before.conversion = $1
        AND before.kind = o.kind
        AND before.name = concat_ws('.', coalesce(o.home, $3), quote_ident(o.name))
        AND before.wide = now.definition;

    EXECUTE format('CREATE TEMP TABLE bbm_clone (LIKE %s) ON COMMIT DROP', $3);
    clone := to_regclass('pg_temp.bbm_clone');
    FOR i IN 1 .. cardinality($4) LOOP
        EXECUTE format('ALTER TABLE pg_temp.bbm_clone ALTER COLUMN %I TYPE %s', $4[i], $6[i]);
    END LOOP;
    FOR part IN SELECT p.* FROM pg_temp.bbm_parts AS p LOOP
        EXECUTE CASE part.kind
            WHEN 'index' THEN format('CREATE %s bbm_made_%s ON pg_temp.bbm_clone %s', part.what, part.number, part.definition)
            WHEN 'check' THEN format('ALTER TABLE pg_temp.bbm_clone ADD CONSTRAINT bbm_made_%s %s', part.number, part.definition)
            ELSE format('CREATE STATISTICS pg_temp.bbm_made_%s%s ON %s FROM pg_temp.bbm_clone', part.number, part.what, part.definition)
        END;
    END LOOP;
    FOR i IN 1 .. cardinality($4) LOOP
        EXECUTE format('ALTER TABLE pg_temp.bbm_clone RENAME COLUMN %I TO %I', $4[i], words[i]);
    END LOOP;
    FOR part IN SELECT p.* FROM pg_temp.bbm_parts AS p LOOP
        made := CASE part.kind
            WHEN 'index' THEN to_regclass('pg_temp.bbm_made_' || part.number)
            WHEN 'check' THEN (SELECT k.oid FROM pg_constraint k WHERE k.conrelid = clone AND k.conname = 'bbm_made_' || part.number)
            ELSE (SELECT e.oid FROM pg_statistic_ext e WHERE e.stxrelid = clone AND e.stxname = 'bbm_made_' || part.number)
        END;
        part.made := column_conversion_definition(part.kind, made);
        condition := CASE WHEN part.place IS NOT NULL THEN column_conversion_definition('condition', made) END;
        FOR i IN 1 .. cardinality($4) LOOP
            part.made := replace(part.made, words[i], quote_ident($5[i]));
            condition := replace(condition, words[i], quote_ident($5[i]));
        END LOOP;
        kind := part.kind;
        name := concat_ws('.', part.home, quote_ident(part.name));
        copy := concat_ws('.', part.home, quote_ident(part.copy));
        IF part.kind = 'index' THEN
            -- The tablespace stands before the condition.
            statement := format('CREATE %s CONCURRENTLY %I ON %s %s%s%s', part.what, part.copy, $3,
                left(part.made, length(part.made) - coalesce(length(condition), 0)), part.place, condition);
            SELECT CASE
                WHEN i.indrelid IS DISTINCT FROM source THEN 'other'
                WHEN column_conversion_definition('index', c.oid) <> part.made THEN 'other'
                WHEN i.indisvalid AND i.indisready THEN 'ready'
                ELSE 'invalid'
            END
            INTO state
            FROM pg_class c
            LEFT JOIN pg_index i ON i.indexrelid = c.oid
            WHERE c.oid = to_regclass(copy);
        ELSIF part.kind = 'check' THEN
            kind := CASE WHEN part.valid THEN 'check' ELSE 'unchecked' END;
            statement := format('ALTER TABLE %s ADD CONSTRAINT %I %s NOT VALID', $3, part.copy, part.made);
            SELECT CASE
                WHEN k.contype <> 'c' THEN 'other'
                WHEN column_conversion_definition('check', k.oid) <> part.made THEN 'other'
                WHEN k.convalidated OR NOT part.valid THEN 'ready'
                ELSE 'invalid'
            END
            INTO state
            FROM pg_constraint k
            WHERE k.conrelid = source
                AND k.conname = part.copy;
        ELSE
            statement := format('CREATE STATISTICS %s%s ON %s FROM %s', copy, part.what, part.made, $3);
            SELECT CASE
                -- The order in which columns are printed is that of the table.
                WHEN e.stxrelid = source THEN 'ready'
                ELSE 'other'
            END
            INTO state
            FROM pg_statistic_ext e
            JOIN pg_namespace n ON n.oid = e.stxnamespace
            WHERE quote_ident(n.nspname) = part.home
                AND e.stxname = part.copy;
        END IF;
        state := coalesce(state, 'missing');
        RETURN NEXT;
    END LOOP;
    DROP TABLE pg_temp.bbm_clone, pg_temp.bbm_parts;
END
$$;

COMMENT ON FUNCTION column_conversion_copies IS
    'The indexes, check constraints and statistics of columns, the statements that make the same for their twins, and which of them are there.';
--rollback DROP FUNCTION IF EXISTS column_conversion_copies;

--changeset registry-bbm:create-column-conversion-keys splitStatements:false stripComments:false
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

CREATE OR REPLACE FUNCTION column_conversion_keys(conversion text, verb text)
RETURNS TABLE (oid oid, name text, copy text, child text, parent text, child_id oid, parent_id oid, statement text, state text)
LANGUAGE sql
STABLE
SET search_path FROM CURRENT
AS $$
    WITH pairs AS (
        SELECT p.relid, p.attnum, p.twin AS instead
        FROM column_conversion_pairs($1, $2) AS p
        WHERE p.pending
    ), moved AS (
        SELECT * FROM pairs
        UNION ALL
        -- Another direction was broken off, when one end had been exchanged and the other had not.
        SELECT p.relid, p.twin, p.attnum
        FROM column_conversion_pairs($1, $2) AS p
        WHERE NOT p.pending
    ), keys AS (
        SELECT k.*,
            ARRAY(
                SELECT coalesce(p.instead, o.attnum)
                FROM unnest(k.conkey) WITH ORDINALITY AS o (attnum, place)
                LEFT JOIN moved p ON p.relid = k.conrelid AND p.attnum = o.attnum
                ORDER BY o.place
            ) AS from_columns,
            ARRAY(
                SELECT coalesce(p.instead, o.attnum)
                FROM unnest(k.confkey) WITH ORDINALITY AS o (attnum, place)
                LEFT JOIN moved p ON p.relid = k.confrelid AND p.attnum = o.attnum
                ORDER BY o.place
            ) AS to_columns,
            -- PostgreSQL 15 and later.
            ARRAY(
                SELECT coalesce(p.instead, o.attnum::smallint)
                FROM jsonb_array_elements_text(nullif(to_jsonb(k) -> 'confdelsetcols', 'null')) AS o (attnum)
                LEFT JOIN moved p ON p.relid = k.conrelid AND p.attnum = o.attnum::smallint
            ) AS reset_columns
        FROM pg_constraint k
        WHERE k.contype = 'f'
            AND k.conparentid = 0
            AND EXISTS (
                SELECT
                FROM pairs p
                WHERE p.relid = k.conrelid AND p.attnum = ANY (k.conkey)
                    OR p.relid = k.confrelid AND p.attnum = ANY (k.confkey)
            )
    )
    SELECT k.oid, k.conname::text, named.copy, named.child, named.parent, k.conrelid, k.confrelid,
        format('ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY (%s) REFERENCES %s (%s)', named.child, named.copy,
            listed.child, named.parent, listed.parent)
            || CASE k.confdeltype
                WHEN 'r' THEN ' ON DELETE RESTRICT'
                WHEN 'c' THEN ' ON DELETE CASCADE'
                WHEN 'n' THEN ' ON DELETE SET NULL'
                WHEN 'd' THEN ' ON DELETE SET DEFAULT'
                ELSE ''
            END
            || coalesce(' (' || listed.reset || ')', '')
            || CASE WHEN k.confupdtype = 'r' THEN ' ON UPDATE RESTRICT' ELSE '' END
            || CASE WHEN k.condeferrable THEN ' DEFERRABLE' ELSE '' END
            || CASE WHEN k.condeferred THEN ' INITIALLY DEFERRED' ELSE '' END
            || ' NOT VALID',
        CASE
            WHEN o.oid IS NULL THEN 'missing'
            WHEN o.contype <> 'f' OR o.confrelid <> k.confrelid OR o.conkey <> k.from_columns OR o.confkey <> k.to_columns
                THEN 'other'
            WHEN o.convalidated OR NOT k.convalidated THEN 'ready'
            ELSE 'invalid'
        END
    FROM keys k
    JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_namespace cn ON cn.oid = c.relnamespace
    JOIN pg_class f ON f.oid = k.confrelid
    JOIN pg_namespace fn ON fn.oid = f.relnamespace
    CROSS JOIN LATERAL (
        SELECT format('%I.%I', cn.nspname, c.relname) AS child, format('%I.%I', fn.nspname, f.relname) AS parent,
            column_conversion_name(k.conname || '_twin') AS copy
    ) AS named
    CROSS JOIN LATERAL (
        SELECT (
                SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY o.place)
                FROM unnest(k.from_columns) WITH ORDINALITY AS o (attnum, place)
                JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = o.attnum
            ) AS child, (
                SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY o.place)
                FROM unnest(k.to_columns) WITH ORDINALITY AS o (attnum, place)
                JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = o.attnum
            ) AS parent, (
                SELECT string_agg(quote_ident(a.attname), ', ')
                FROM unnest(k.reset_columns) AS o (attnum)
                JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = o.attnum
            ) AS reset
    ) AS listed
    LEFT JOIN pg_constraint o ON o.conrelid = k.conrelid AND o.conname = named.copy
$$;

COMMENT ON FUNCTION column_conversion_keys(text, text) IS
    'The foreign keys of columns, the statements that make the same for their twins, and which of them are there.';
--rollback DROP FUNCTION IF EXISTS column_conversion_keys(text, text);
