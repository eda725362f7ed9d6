--liquibase formatted sql logicalFilePath:org/registrybbm/db/column-conversion-exchange.sql

-- The moment in which columns and twins exchange their names.

-- Everything of a table at once, under a lock that nobody else holds. What was on the column is dropped, and its copy on the
-- twin takes its name. A foreign key goes before its column and its twin exchange their roles: one that was left would set the
-- twin, and the trigger would set it back.

--changeset registry-bbm:create-exchange-converted-columns splitStatements:false stripComments:false
-- The schema itself, and not the way to it that the role of this moment has: whoever calls the functions may have another,
-- and may have tables of the same names in it.
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

CREATE OR REPLACE FUNCTION exchange_converted_columns(conversion text, verb text, table_name text) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    relation oid := to_regclass($3);
    numbers smallint[];
    problems text[];
    pair record;
    item record;
    narrow text;
    changed jsonb := '[]';
BEGIN
    SELECT array_agg(p.attnum)
    INTO numbers
    FROM column_conversion_pairs($1, $2) AS p
    WHERE p.relid = relation
        AND p.pending;
    IF numbers IS NULL THEN
        RETURN;
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'columns are exchanged in a transaction that is read committed, or what others have added meanwhile would not be seen'
            USING ERRCODE = 'RBM04';
    END IF;
    problems := ARRAY(SELECT o FROM unnest(numbers) AS n CROSS JOIN column_conversion_obstacles(relation, n) AS o);
    problems := problems || ARRAY(
        SELECT format('%I of %s is to be exchanged first', p.column_name, p.table_name)
        FROM column_conversion_pairs($1, $2) AS p
        WHERE p.pending
            AND p.relid <> relation
            AND p.level > (SELECT max(o.level) FROM column_conversion_pairs($1, $2) AS o WHERE o.relid = relation)
    );
    problems := problems || ARRAY(
        SELECT format('nothing proves yet that %I of %s is equal to %I', p.twin_name, p.table_name, p.column_name)
        FROM column_conversion_pairs($1, $2) AS p
        WHERE p.pending
            AND p.relid = relation
            AND NOT EXISTS (
                SELECT
                FROM pg_constraint k
                WHERE k.conrelid = relation
                    AND k.conname = column_conversion_name('bbm_same_' || p.column_name)
                    AND k.contype = 'c'
                    AND k.convalidated
                    AND k.conkey @> ARRAY[p.attnum, p.twin]
            )
    );
    IF problems <> '{}' THEN
        RAISE EXCEPTION 'column conversion % is refused: %', quote_literal($1), array_to_string(problems, '; ') USING ERRCODE = 'RBM04';
    END IF;

    FOR item IN
        SELECT k.*, obj_description(k.oid, 'pg_constraint') AS comment
        FROM column_conversion_keys($1, $2) AS k
        WHERE relation IN (k.child_id, k.parent_id)
    LOOP
        IF item.state <> 'ready' THEN
            RAISE EXCEPTION 'foreign key % of % has no copy yet; run the same again', item.name, item.child USING ERRCODE = 'RBM04';
        END IF;
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', item.child, item.name);
        EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', item.child, item.copy, item.name);
        IF item.comment IS NOT NULL THEN
            EXECUTE format('COMMENT ON CONSTRAINT %I ON %s IS %L', item.name, item.child, item.comment);
        END IF;
    END LOOP;

    FOR item IN
        SELECT k.oid AS id, k.conname AS name, column_conversion_name(k.conname || '_twin') AS copy, k.convalidated AS validated,
            obj_description(k.oid, 'pg_constraint') AS comment,
            EXISTS (
                SELECT FROM column_conversion_pairs($1, $2) AS p WHERE k.conname = column_conversion_name('bbm_same_' || p.column_name)
            ) AS is_proof
        FROM pg_constraint k
        WHERE k.conrelid = relation
            AND k.contype = 'c'
            AND k.conkey && numbers
    LOOP
        IF NOT EXISTS (
            SELECT
            FROM pg_constraint k
            WHERE k.conrelid = relation
                AND k.conname = CASE WHEN item.is_proof THEN item.name ELSE item.copy END
                AND (k.convalidated OR NOT item.validated)
        ) THEN
            RAISE EXCEPTION 'check constraint % of % has no copy yet; run the same again', item.name, $3 USING ERRCODE = 'RBM04';
        END IF;
        narrow := column_conversion_definition('check', item.id);
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', $3, item.name);
        CONTINUE WHEN item.is_proof;
        EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', $3, item.copy, item.name);
        changed := changed || jsonb_build_object('kind', 'check', 'name', $3 || '.' || quote_ident(item.name), 'narrow', narrow,
            'id', (SELECT k.oid FROM pg_constraint k WHERE k.conrelid = relation AND k.conname = item.name));
        IF item.comment IS NOT NULL THEN
            EXECUTE format('COMMENT ON CONSTRAINT %I ON %s IS %L', item.name, $3, item.comment);
        END IF;
    END LOOP;

    FOR item IN
        SELECT x.oid AS id, n.nspname AS home, x.relname AS name, column_conversion_name(x.relname || '_twin') AS copy, k.contype AS type,
            i.indisclustered AS clustered, i.indisreplident AS identifies, obj_description(x.oid, 'pg_class') AS comment,
            obj_description(k.oid, 'pg_constraint') AS constraint_comment,
            ARRAY(
                SELECT format('ALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s', n.nspname, x.relname, a.attnum, a.attstattarget)
                FROM pg_attribute a
                WHERE a.attrelid = x.oid
                    AND a.attstattarget >= 0
            ) AS targets
        FROM pg_index i
        JOIN pg_class x ON x.oid = i.indexrelid
        JOIN pg_namespace n ON n.oid = x.relnamespace
        LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u')
        WHERE i.indexrelid IN (SELECT column_indexes(relation, numbers))
    LOOP
        IF NOT EXISTS (
            SELECT
            FROM pg_index i
            WHERE i.indexrelid = to_regclass(format('%I.%I', item.home, item.copy))
                AND i.indrelid = relation
                AND i.indisvalid
                AND i.indisready
        ) THEN
            RAISE EXCEPTION 'index % of % has no copy yet; run the same again', item.name, $3 USING ERRCODE = 'RBM04';
        END IF;
        narrow := column_conversion_definition('index', item.id);
        -- Never CASCADE: what still hangs on it was not foreseen.
        IF item.type IS NOT NULL THEN
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', $3, item.name);
        ELSE
            EXECUTE format('DROP INDEX %I.%I', item.home, item.name);
        END IF;
        EXECUTE format('ALTER INDEX %I.%I RENAME TO %I', item.home, item.copy, item.name);
        changed := changed || jsonb_build_object('kind', 'index', 'name', format('%I.%I', item.home, item.name), 'narrow', narrow,
            'id', to_regclass(format('%I.%I', item.home, item.name))::oid);
        IF item.type IS NOT NULL THEN
            EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %2$I %3$s USING INDEX %2$I', $3, item.name,
                CASE item.type WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END);
        END IF;
        IF item.constraint_comment IS NOT NULL THEN
            EXECUTE format('COMMENT ON CONSTRAINT %I ON %s IS %L', item.name, $3, item.constraint_comment);
        END IF;
        IF item.comment IS NOT NULL THEN
            EXECUTE format('COMMENT ON INDEX %I.%I IS %L', item.home, item.name, item.comment);
        END IF;
        IF item.clustered THEN
            EXECUTE format('ALTER TABLE %s CLUSTER ON %I', $3, item.name);
        END IF;
        IF item.identifies THEN
            EXECUTE format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', $3, item.name);
        END IF;
        FOR i IN 1 .. cardinality(item.targets) LOOP
            EXECUTE item.targets[i];
        END LOOP;
    END LOOP;

    FOR item IN
        SELECT e.oid AS id, e.stxnamespace AS home_id, n.nspname AS home, e.stxname AS name,
            column_conversion_name(e.stxname || '_twin') AS copy, e.stxstattarget AS target,
            obj_description(e.oid, 'pg_statistic_ext') AS comment, pg_get_userbyid(e.stxowner) AS owner
        FROM pg_statistic_ext e
        JOIN pg_namespace n ON n.oid = e.stxnamespace
        WHERE e.oid IN (SELECT column_statistics(relation, numbers))
    LOOP
        narrow := column_conversion_definition('statistics', item.id);
        EXECUTE format('DROP STATISTICS %I.%I', item.home, item.name);
        EXECUTE format('ALTER STATISTICS %I.%I RENAME TO %I', item.home, item.copy, item.name);
        changed := changed || jsonb_build_object('kind', 'statistics', 'name', format('%I.%I', item.home, item.name), 'narrow', narrow,
            'id', (SELECT e.oid FROM pg_statistic_ext e WHERE e.stxnamespace = item.home_id AND e.stxname = item.name));
        IF item.comment IS NOT NULL THEN
            EXECUTE format('COMMENT ON STATISTICS %I.%I IS %L', item.home, item.name, item.comment);
        END IF;
        IF item.target >= 0 THEN
            EXECUTE format('ALTER STATISTICS %I.%I SET STATISTICS %s', item.home, item.name, item.target);
        END IF;
        IF item.owner <> current_user THEN
            EXECUTE format('ALTER STATISTICS %I.%I OWNER TO %I', item.home, item.name, item.owner);
        END IF;
    END LOOP;

    FOR pair IN
        SELECT p.*, column_conversion_name('bbm_swap_' || p.column_name) AS between_names, a.attnotnull, a.attidentity,
            a.attstattarget, a.attoptions, col_description(p.relid, p.attnum) AS comment,
            (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.adrelid = p.relid AND d.adnum = p.attnum) AS standard,
            owned.sequence, owned.home AS sequence_home, owned.name AS sequence_name, owned.seqtypid = a.atttypid AS is_serial,
            -- PostgreSQL 18 and later.
            (SELECT k.conname FROM pg_constraint k WHERE k.conrelid = p.relid AND k.contype = 'n' AND k.conkey = ARRAY[p.attnum]) AS not_null
        FROM column_conversion_pairs($1, $2) AS p
        JOIN pg_attribute a ON a.attrelid = p.relid AND a.attnum = p.attnum
        LEFT JOIN LATERAL (
            SELECT d.objid AS sequence, n.nspname AS home, c.relname AS name, q.seqtypid
            FROM pg_depend d
            JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
            JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_sequence q ON q.seqrelid = c.oid
            WHERE d.classid = 'pg_class'::regclass
                AND d.refclassid = 'pg_class'::regclass
                AND d.refobjid = p.relid
                AND d.refobjsubid = p.attnum
                AND d.deptype = 'a'
        ) AS owned ON true
        WHERE p.relid = relation
            AND p.pending
    LOOP
        IF pair.attnotnull AND NOT EXISTS (
            SELECT FROM pg_attribute w WHERE w.attrelid = relation AND w.attnum = pair.twin AND w.attnotnull
        ) THEN
            RAISE EXCEPTION '% of % may be NULL yet; run the same again', pair.twin_name, $3 USING ERRCODE = 'RBM04';
        END IF;
        IF pair.attidentity <> '' THEN
            changed := changed || move_identity_to_twin($1, $2, $3, pair.column_name, pair.twin_name);
        ELSIF pair.standard IS NOT NULL THEN
            EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', $3, pair.column_name);
            EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', $3, pair.twin_name, pair.standard);
        END IF;
        IF pair.sequence IS NOT NULL THEN
            -- Dropping the old column would drop the sequence else.
            EXECUTE format('ALTER SEQUENCE %I.%I OWNED BY %s.%I', pair.sequence_home, pair.sequence_name, $3, pair.twin_name);
            IF $2 = 'undo' THEN
                FOR item IN
                    SELECT o.narrow
                    FROM batched_background_migration_conversion_originals o
                    WHERE o.conversion = $1
                        AND o.kind = 'sequence'
                        AND o.name = format('%I.%I', pair.sequence_home, pair.sequence_name)
                        AND o.wide = column_conversion_definition('sequence', pair.sequence)
                LOOP
                    EXECUTE format('ALTER SEQUENCE %I.%I %s', pair.sequence_home, pair.sequence_name, item.narrow);
                END LOOP;
            ELSE
                narrow := column_conversion_definition('sequence', pair.sequence);
                IF pair.is_serial THEN
                    EXECUTE format('ALTER SEQUENCE %I.%I AS %s', pair.sequence_home, pair.sequence_name, pair.target);
                END IF;
                changed := changed || jsonb_build_object('kind', 'sequence', 'narrow', narrow, 'id', pair.sequence,
                    'name', format('%I.%I', pair.sequence_home, pair.sequence_name));
            END IF;
        END IF;
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', $3, pair.column_name);
        EXECUTE format('ALTER TABLE %s RENAME COLUMN %I TO %I', $3, pair.column_name, pair.between_names);
        EXECUTE format('ALTER TABLE %s RENAME COLUMN %I TO %I', $3, pair.twin_name, pair.column_name);
        EXECUTE format('ALTER TABLE %s RENAME COLUMN %I TO %I', $3, pair.between_names, pair.twin_name);
        FOR item IN
            SELECT k.conname
            FROM pg_constraint k
            WHERE k.conrelid = relation
                AND k.contype = 'n'
                AND k.conkey = ARRAY[pair.twin]
                AND k.conname <> pair.not_null
        LOOP
            EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', $3, item.conname, pair.not_null);
        END LOOP;
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', $3, pair.column_name, pair.comment);
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', $3, pair.twin_name,
            format('Kept equal to %s by the column conversion %s.', pair.column_name, $1));
        IF pair.attstattarget >= 0 THEN
            EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', $3, pair.column_name, pair.attstattarget);
            EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS -1', $3, pair.twin_name);
        END IF;
        IF pair.attoptions IS NOT NULL THEN
            EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET (%s)', $3, pair.column_name, array_to_string(pair.attoptions, ', '));
            EXECUTE format('ALTER TABLE %s ALTER COLUMN %I RESET (%s)', $3, pair.twin_name,
                (SELECT string_agg(split_part(o, '=', 1), ', ') FROM unnest(pair.attoptions) AS o));
        END IF;
        PERFORM grant_like_column($3, pair.twin_name, pair.column_name);
    END LOOP;
    PERFORM write_column_twin_function($1, $3);
    IF $2 = 'finish' THEN
        INSERT INTO batched_background_migration_conversion_originals AS o (conversion, kind, name, narrow, wide)
        SELECT $1, c.kind, c.name, c.narrow, column_conversion_definition(c.kind, c.id)
        FROM jsonb_to_recordset(changed) AS c (kind text, name text, narrow text, id oid)
        ON CONFLICT (conversion, kind, name) DO UPDATE SET narrow = excluded.narrow, wide = excluded.wide;
    END IF;
END
$$;

COMMENT ON FUNCTION exchange_converted_columns(text, text, text) IS
    'One step of a column conversion: the columns of a table and their twins exchange their names and all that hangs on them.';
--rollback DROP FUNCTION IF EXISTS exchange_converted_columns(text, text, text);

-- An identity cannot move to another column, so its sequence is dropped and made anew where it stopped.

--changeset registry-bbm:create-move-identity-to-twin splitStatements:false stripComments:false
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

CREATE OR REPLACE FUNCTION move_identity_to_twin(conversion text, verb text, table_name text, column_name text, twin_name text)
RETURNS jsonb
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    s record;
    before text;
    after text;
    next_value bigint;
    was_called boolean;
    item record;
BEGIN
    SELECT format('%I.%I', n.nspname, c.relname) AS named, c.oid AS id, q.*, a.attidentity, obj_description(c.oid, 'pg_class') AS comment,
        CASE q.seqtypid WHEN 'smallint'::regtype THEN 32767 WHEN 'integer'::regtype THEN 2147483647 ELSE 9223372036854775807 END
            AS greatest_value,
        CASE q.seqtypid WHEN 'smallint'::regtype THEN -32768 WHEN 'integer'::regtype THEN -2147483648 ELSE (-9223372036854775808)::bigint END
            AS least_value,
        c.relacl
    INTO s
    FROM pg_attribute a
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid
        AND d.refobjsubid = a.attnum AND d.deptype = 'i'
    JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_sequence q ON q.seqrelid = c.oid
    WHERE a.attrelid = to_regclass($3)
        AND a.attname = $4;
    before := column_conversion_definition('sequence', s.id);
    SELECT substr(o.narrow, strpos(o.narrow, ' MINVALUE'))
    INTO after
    FROM batched_background_migration_conversion_originals o
    WHERE $2 = 'undo'
        AND o.conversion = $1
        AND o.kind = 'sequence'
        AND o.name = s.named
        AND o.wide = before;
    -- Changes nothing, but keeps nextval of others out until the end.
    EXECUTE format('ALTER SEQUENCE %s CACHE %s', s.named, s.seqcache);
    EXECUTE format('SELECT last_value, is_called FROM %s', s.named) INTO next_value, was_called;
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP IDENTITY', $3, $4);
    EXECUTE format(
        'ALTER TABLE %s ALTER COLUMN %I ADD GENERATED %s AS IDENTITY (SEQUENCE NAME %s START %s INCREMENT %s%s CACHE %s %s)',
        $3, $5, CASE s.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, s.named, s.seqstart, s.seqincrement,
        coalesce(after, concat(
            CASE WHEN s.seqmin <> s.least_value THEN ' MINVALUE ' || s.seqmin END,
            CASE WHEN s.seqmax <> s.greatest_value THEN ' MAXVALUE ' || s.seqmax END)),
        s.seqcache, CASE WHEN s.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END);
    PERFORM setval(s.named::regclass, next_value, was_called);
    EXECUTE format('COMMENT ON SEQUENCE %s IS %L', s.named, s.comment);
    -- The new sequence has the privileges that are given by default.
    FOR item IN
        SELECT DISTINCT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END AS grantee
        FROM pg_class c
        CROSS JOIN aclexplode(c.relacl) AS g
        WHERE c.oid = s.named::regclass
            AND (s.relacl IS NOT NULL OR g.grantee <> c.relowner)
    LOOP
        EXECUTE format('REVOKE ALL ON SEQUENCE %s FROM %s', s.named, item.grantee);
    END LOOP;
    FOR item IN
        SELECT g.privilege_type, g.is_grantable,
            CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END AS grantee
        FROM aclexplode(s.relacl) AS g
    LOOP
        EXECUTE format('GRANT %s ON SEQUENCE %s TO %s%s', item.privilege_type, s.named, item.grantee,
            CASE WHEN item.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
    END LOOP;
    RETURN jsonb_build_object('kind', 'sequence', 'name', s.named, 'narrow', before, 'id', s.named::regclass::oid);
END
$$;
--rollback DROP FUNCTION IF EXISTS move_identity_to_twin(text, text, text, text, text);
