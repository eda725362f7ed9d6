--liquibase formatted sql logicalFilePath:org/registrybbm/db/column-conversions.sql

-- Widens an integer column, and the columns whose foreign keys refer to it, while the application reads and writes.
--
-- Each column gets a twin of the wider type. A trigger keeps the twin equal to the column, and a batched migration copies the
-- rows that are there. Then each index and each constraint of the column gets a copy on the twin, and column and twin
-- exchange their names. Nothing is left on the twin afterwards but the trigger, which now works the other way round. So the
-- same steps, run once more, undo the conversion.
--
-- Which steps are left is read from the catalogue alone, so the work can be broken off anywhere and run again. Each step is one
-- statement with a transaction of its own. Whoever runs them asks for the list and runs it from top to bottom; in psql:
--
--   SELECT statement FROM column_conversion_steps('widen_orders_id', 'finish') \gexec
--
--   RBM04  a column conversion is refused

--changeset registry-bbm:create-column-conversions
CREATE TABLE batched_background_migration_conversions (
    name text NOT NULL,
    to_type text NOT NULL,
    referencing text NOT NULL,
    subscriber_has_column boolean NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    dropped_at timestamp with time zone,
    CONSTRAINT pk_batched_background_migration_conversions PRIMARY KEY (name)
);

CREATE TABLE batched_background_migration_conversion_columns (
    conversion text NOT NULL,
    position integer NOT NULL,
    table_name text NOT NULL,
    column_name text NOT NULL,
    twin_name text NOT NULL,
    from_type text NOT NULL,
    level integer NOT NULL,
    migration text NOT NULL,
    CONSTRAINT pk_batched_background_migration_conversion_columns PRIMARY KEY (conversion, position),
    CONSTRAINT fk_batched_background_migration_conversion_columns FOREIGN KEY (conversion)
        REFERENCES batched_background_migration_conversions (name)
        ON DELETE CASCADE
);

CREATE TABLE batched_background_migration_conversion_originals (
    conversion text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    narrow text NOT NULL,
    wide text NOT NULL,
    CONSTRAINT pk_batched_background_migration_conversion_originals PRIMARY KEY (conversion, kind, name),
    CONSTRAINT fk_batched_background_migration_conversion_originals FOREIGN KEY (conversion)
        REFERENCES batched_background_migration_conversions (name)
        ON DELETE CASCADE
);

COMMENT ON TABLE batched_background_migration_conversions IS
    'Columns that are taken to a wider type; what is done of it, the catalogue says.';
COMMENT ON COLUMN batched_background_migration_conversions.dropped_at IS
    'When the twins were dropped and the conversion was over.';
COMMENT ON TABLE batched_background_migration_conversion_columns IS
    'The columns of each conversion: at position 1 the column itself, then those whose foreign keys refer to it.';
COMMENT ON TABLE batched_background_migration_conversion_originals IS
    'How indexes, checks and statistics were defined before, and what PostgreSQL has made of it beside the wider column.';
COMMENT ON COLUMN batched_background_migration_conversion_columns.table_name IS
    'The table with its schema, quoted as in SQL.';
COMMENT ON COLUMN batched_background_migration_conversion_columns.level IS
    'How many foreign keys are between the table and the first one; tables with a greater level are exchanged first.';
COMMENT ON COLUMN batched_background_migration_conversion_columns.migration IS
    'The batched migration that copies the column to its twin.';
--rollback DROP TABLE IF EXISTS batched_background_migration_conversion_originals;
--rollback DROP TABLE IF EXISTS batched_background_migration_conversion_columns;
--rollback DROP TABLE IF EXISTS batched_background_migration_conversions;

-- Names of PostgreSQL have 63 bytes at most. One that is cut is told from others that begin alike by a hash.

--changeset registry-bbm:create-column-conversion-name splitStatements:false stripComments:false
CREATE OR REPLACE FUNCTION column_conversion_name(long text) RETURNS text
LANGUAGE sql
IMMUTABLE
AS $$
    SELECT CASE
        WHEN pg_catalog.octet_length(long) <= 63 THEN long
        ELSE (
            SELECT pg_catalog.left(long, max(n)) || '_' || pg_catalog.left(pg_catalog.md5(long), 8)
            FROM pg_catalog.generate_series(1, 63) AS n
            WHERE pg_catalog.octet_length(pg_catalog.left(long, n)) <= 54
        )
    END
$$;

COMMENT ON FUNCTION column_conversion_name(text) IS
    'Makes a name fit into 63 bytes.';
--rollback DROP FUNCTION IF EXISTS column_conversion_name(text);

-- Twins are no part of it: the foreign keys between them are copies.

--changeset registry-bbm:create-column-conversion-reach splitStatements:false stripComments:false
CREATE OR REPLACE FUNCTION column_conversion_reach(relation regclass, column_name text, to_type regtype, referencing text)
RETURNS TABLE (relid oid, attnum smallint, level integer, circle boolean)
LANGUAGE sql
STABLE
SET search_path = pg_catalog
AS $$
    WITH RECURSIVE reached AS (
        SELECT a.attrelid AS relid, a.attnum, 0 AS level, ARRAY[a.attrelid] AS tables,
            ARRAY[a.attrelid || ' ' || a.attnum] AS columns, false AS circle
        FROM pg_attribute a
        WHERE a.attrelid = $1
            AND a.attname = $2
            AND a.attnum > 0
            AND NOT a.attisdropped
        UNION ALL
        SELECT k.conrelid, k.conkey[i], r.level + CASE WHEN k.conrelid = r.relid THEN 0 ELSE 1 END, r.tables || k.conrelid,
            r.columns || (k.conrelid || ' ' || k.conkey[i]), k.conrelid <> r.relid AND k.conrelid = ANY (r.tables)
        FROM reached r
        JOIN pg_constraint k ON k.confrelid = r.relid AND k.contype = 'f' AND k.conparentid = 0
        CROSS JOIN generate_subscripts(k.conkey, 1) AS i
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[i]
        WHERE $4 = 'all'
            AND NOT r.circle
            AND k.confkey[i] = r.attnum
            AND a.atttypid IN ('smallint'::regtype, 'integer'::regtype)
            AND a.atttypid <> $3
            AND NOT (k.conrelid || ' ' || k.conkey[i]) = ANY (r.columns)
    )
    SELECT r.relid, r.attnum, max(max(r.level)) OVER (PARTITION BY r.relid), bool_or(r.circle)
    FROM reached r
    GROUP BY r.relid, r.attnum
$$;

COMMENT ON FUNCTION column_conversion_reach(regclass, text, regtype, text) IS
    'A column, and the narrower ones whose foreign keys lead to it.';
--rollback DROP FUNCTION IF EXISTS column_conversion_reach(regclass, text, regtype, text);

-- What depends on a column stays with it when it changes its name. Only what is listed here as known is taken along, so
-- everything else is refused, whatever later versions of PostgreSQL come up with.

--changeset registry-bbm:create-column-conversion-obstacles splitStatements:false stripComments:false
CREATE OR REPLACE FUNCTION column_conversion_obstacles(relation regclass, attnum smallint)
RETURNS SETOF text
LANGUAGE sql
STABLE
SET search_path = pg_catalog
AS $$
    WITH target AS (
        SELECT c.oid AS relid, c.relkind, c.relpersistence, c.relispartition, c.relowner, c.reloftype,
            a.attnum, a.attgenerated,
            format('%I.%I', n.nspname, c.relname) AS named, format('%I.%I.%I', n.nspname, c.relname, a.attname) AS cited
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.oid = $1
            AND a.attnum = $2
    ), indexes AS (
        SELECT i.indexrelid, i.indisvalid, i.indpred, i.indexprs, x.relname, k.conname, k.condeferrable
        FROM target t
        JOIN pg_index i ON i.indrelid = t.relid
        JOIN pg_class x ON x.oid = i.indexrelid
        LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u')
    ), keys AS (
        SELECT k.oid, k.conname, k.confupdtype, k.confdeltype, k.confmatchtype, pg_get_constraintdef(k.oid) AS definition,
            other.relkind AS other_kind, other.oid AS other, other.relowner AS other_owner,
            format('foreign key %I of %I.%I', k.conname, n.nspname, c.relname) AS cited
        FROM target t
        JOIN pg_constraint k ON k.contype = 'f'
            AND (k.conrelid = t.relid AND t.attnum = ANY (k.conkey) OR k.confrelid = t.relid AND t.attnum = ANY (k.confkey))
        JOIN pg_class c ON c.oid = k.conrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_class other ON other.oid = CASE WHEN k.conrelid = t.relid THEN k.confrelid ELSE k.conrelid END
    )
    SELECT t.named || ' is no ordinary table'
    FROM target t
    WHERE t.relkind <> 'r'
    UNION ALL
    SELECT t.named || ' is a temporary table'
    FROM target t
    WHERE t.relpersistence = 't'
    UNION ALL
    SELECT t.named || ' is a table of a type'
    FROM target t
    WHERE t.reloftype <> 0
    UNION ALL
    SELECT t.named || ' is a partition, or has children or parents by inheritance'
    FROM target t
    WHERE t.relkind <> 'p'
        AND EXISTS (SELECT FROM pg_inherits i WHERE t.relid IN (i.inhrelid, i.inhparent))
    UNION ALL
    SELECT t.named || ' belongs to ' || quote_ident(pg_get_userbyid(t.relowner)) || ', and only its owner can change it'
    FROM target t
    WHERE NOT pg_has_role(t.relowner, 'USAGE')
    UNION ALL
    SELECT t.named || ' has row-level security that applies to you, so rows may be hidden; convert it as a role that it does not apply to'
    FROM target t
    WHERE row_security_active(t.relid)
    UNION ALL
    SELECT t.cited || ' has privileges that another role than the owner has granted'
    FROM target t
    JOIN pg_attribute a ON a.attrelid = t.relid AND a.attnum = t.attnum
    WHERE EXISTS (SELECT FROM aclexplode(a.attacl) AS g WHERE g.grantor <> t.relowner)
    UNION ALL
    SELECT format('several sequences are owned by %s', t.cited)
    FROM target t
    WHERE (
            SELECT count(*)
            FROM pg_depend d
            JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
            WHERE d.classid = 'pg_class'::regclass
                AND d.refclassid = 'pg_class'::regclass
                AND d.refobjid = t.relid
                AND d.refobjsubid = t.attnum
                AND d.deptype IN ('a', 'i')
        ) > 1
    UNION ALL
    -- The sequence of an identity cannot move to another column.
    SELECT pg_describe_object(used.classid, used.objid, used.objsubid) || ' depends on the sequence of ' || t.cited
    FROM target t
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass
        AND d.refclassid = 'pg_class'::regclass
        AND d.refobjid = t.relid
        AND d.refobjsubid = t.attnum
        AND d.deptype = 'i'
    JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
    JOIN pg_depend used ON used.refclassid = 'pg_class'::regclass AND used.refobjid = c.oid AND used.deptype <> 'i'
    UNION ALL
    -- A value of the type of the table's rows keeps the order of the columns.
    SELECT pg_describe_object(d.classid, d.objid, d.objsubid) || ' holds rows of ' || t.named
    FROM target t
    JOIN pg_class c ON c.oid = t.relid
    JOIN pg_type y ON y.oid = c.reltype
    JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass
        AND d.refobjid IN (y.oid, y.typarray)
        AND d.classid IN ('pg_class'::regclass, 'pg_type'::regclass)
        AND d.deptype = 'n'
    UNION ALL
    SELECT pg_describe_object(d.classid, d.objid, d.objsubid) || ' uses whole rows of ' || t.named
    FROM target t
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.relid AND d.refobjsubid = 0
    LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    LEFT JOIN pg_policy o ON d.classid = 'pg_policy'::regclass AND o.oid = d.objid
    LEFT JOIN pg_trigger g ON d.classid = 'pg_trigger'::regclass AND g.oid = d.objid
    LEFT JOIN pg_proc f ON d.classid = 'pg_proc'::regclass AND f.oid = d.objid
    WHERE concat(r.ev_action::text, r.ev_qual::text, o.polqual::text, o.polwithcheck::text, g.tgqual::text, f.prosqlbody::text)
        LIKE '%:varattno 0 %'
    UNION ALL
    SELECT t.cited || ' is a generated column'
    FROM target t
    WHERE t.attgenerated <> ''
    UNION ALL
    SELECT t.cited || ' has a security label'
    FROM target t
    WHERE EXISTS (
        SELECT
        FROM pg_seclabel l
        WHERE l.classoid = 'pg_class'::regclass
            AND l.objoid = t.relid
            AND l.objsubid = t.attnum
    )
    UNION ALL
    SELECT pg_describe_object(d.classid, d.objid, d.objsubid) || ' depends on ' || t.cited
    FROM target t
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.relid AND d.refobjsubid = t.attnum
    LEFT JOIN pg_attrdef v ON d.classid = 'pg_attrdef'::regclass AND v.oid = d.objid
    LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
    LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
    WHERE NOT coalesce(v.adrelid = t.relid AND v.adnum = t.attnum, false)
        AND NOT coalesce(c.relkind IN ('i', 'S'), false)
        AND NOT coalesce(k.contype IN ('p', 'u', 'c', 'f', 'n'), false)
        AND d.classid <> 'pg_statistic_ext'::regclass
    UNION ALL
    SELECT format('index %I of %s is not valid; drop it or build it anew', i.relname, t.named)
    FROM target t
    CROSS JOIN indexes i
    WHERE NOT i.indisvalid
        AND i.relname NOT LIKE '%\_twin' AND i.relname NOT LIKE '%\_twin\_%'
        AND EXISTS (SELECT FROM pg_index o WHERE o.indexrelid = i.indexrelid AND t.attnum = ANY (o.indkey))
    UNION ALL
    SELECT format('constraint %I of %s excludes by an expression or a condition on it', k.conname, t.named)
    FROM target t
    JOIN pg_constraint k ON k.conrelid = t.relid AND k.contype = 'x' AND NOT t.attnum = ANY (k.conkey)
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass
        AND d.objid = k.conindid
        AND d.refclassid = 'pg_class'::regclass
        AND d.refobjid = t.relid
        AND d.refobjsubid = t.attnum
    UNION ALL
    SELECT format('foreign key %I of %s refers to a constraint that includes %s', k.conname, k.conrelid::regclass, t.cited)
    FROM target t
    JOIN pg_index i ON i.indrelid = t.relid AND t.attnum = ANY (i.indkey)
    JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype = 'f' AND k.confrelid = t.relid
    WHERE NOT t.attnum = ANY (k.confkey)
    UNION ALL
    SELECT format('constraint %I of %s is deferrable', i.conname, t.named)
    FROM target t
    CROSS JOIN indexes i
    WHERE i.condeferrable
        AND EXISTS (SELECT FROM pg_index o WHERE o.indexrelid = i.indexrelid AND t.attnum = ANY (o.indkey))
    UNION ALL
    -- An expression on whole rows depends on no column by itself.
    SELECT format('index %I of %s has an expression on whole rows', i.relname, t.named)
    FROM target t
    CROSS JOIN indexes i
    WHERE concat(i.indpred::text, i.indexprs::text) LIKE '%:varattno 0 %'
    UNION ALL
    SELECT format('check constraint %I of %s has an expression on whole rows', k.conname, t.named)
    FROM target t
    JOIN pg_constraint k ON k.conrelid = t.relid AND k.contype = 'c'
    WHERE k.conbin::text LIKE '%:varattno 0 %'
    UNION ALL
    SELECT k.cited || ' has an action on updates'
    FROM keys k
    WHERE k.confupdtype NOT IN ('a', 'r')
    UNION ALL
    -- Which of two foreign keys sets the column first depends on the names of their triggers.
    SELECT k.cited || ' is ON DELETE SET DEFAULT'
    FROM keys k
    WHERE k.confdeltype = 'd'
    UNION ALL
    SELECT k.cited || ' has triggers that were disabled'
    FROM keys k
    WHERE EXISTS (SELECT FROM pg_trigger g WHERE g.tgconstraint = k.oid AND g.tgenabled <> 'O')
    UNION ALL
    SELECT k.cited || ' has another table whose owner you are not'
    FROM keys k
    WHERE NOT pg_has_role(k.other_owner, 'USAGE')
    UNION ALL
    SELECT k.cited || ' is MATCH FULL'
    FROM keys k
    WHERE k.confmatchtype = 'f'
    UNION ALL
    SELECT k.cited || ' is not enforced'
    FROM keys k
    WHERE k.definition LIKE '%NOT ENFORCED%'
    UNION ALL
    SELECT k.cited || ' has a period'
    FROM keys k
    WHERE k.definition ~ '\mPERIOD\M'
    UNION ALL
    SELECT k.cited || ' leads to a partitioned table, or from one'
    FROM keys k
    WHERE k.other_kind <> 'r'
        OR EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = k.other)
    UNION ALL
    -- The trigger must see what the others have made of the row.
    SELECT format('trigger %I of %s would run after the one that fills the twin', g.tgname, t.named)
    FROM target t
    JOIN pg_trigger g ON g.tgrelid = t.relid
    WHERE NOT g.tgisinternal
        AND g.tgtype::integer & 3 = 3 -- before each row
        AND g.tgtype::integer & 20 <> 0 -- at INSERT or UPDATE
        AND g.tgname > 'zzz_bbm_'
        AND g.tgname NOT LIKE 'zzz\_bbm\_%'
$$;

COMMENT ON FUNCTION column_conversion_obstacles(regclass, smallint) IS
    'Why a column cannot be converted; nothing if it can.';
--rollback DROP FUNCTION IF EXISTS column_conversion_obstacles(regclass, smallint);

-- The columns of a conversion as they are now. Those that have not got their type yet are pending.

--changeset registry-bbm:create-column-conversion-pairs splitStatements:false stripComments:false
CREATE OR REPLACE FUNCTION column_conversion_pairs(conversion text, verb text)
RETURNS TABLE (
    place integer, table_name text, relid oid, level integer, column_name text, attnum smallint, twin_name text, twin smallint,
    target text, pending boolean, migration text
)
LANGUAGE sql
STABLE
SET search_path FROM CURRENT
AS $$
    SELECT c.position, c.table_name, a.attrelid, c.level, c.column_name, a.attnum, c.twin_name, w.attnum, wanted.type,
        a.atttypid <> wanted.type::regtype, c.migration
    FROM batched_background_migration_conversion_columns c
    JOIN batched_background_migration_conversions v ON v.name = c.conversion
    CROSS JOIN LATERAL (SELECT CASE WHEN $2 = 'undo' THEN c.from_type ELSE v.to_type END AS type) AS wanted
    LEFT JOIN pg_attribute a ON a.attrelid = to_regclass(c.table_name) AND a.attname = c.column_name AND NOT a.attisdropped
    LEFT JOIN pg_attribute w ON w.attrelid = to_regclass(c.table_name) AND w.attname = c.twin_name AND NOT w.attisdropped
    WHERE c.conversion = $1
$$;
--rollback DROP FUNCTION IF EXISTS column_conversion_pairs(text, text);

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
    SELECT pg_get_indexdef(i.indexrelid), format(
        'CREATE %s %I ON %s.%I ', CASE WHEN i.indisunique THEN 'UNIQUE INDEX' ELSE 'INDEX' END, x.relname,
        CASE WHEN c.relpersistence = 't' THEN 'pg_temp' ELSE quote_ident(n.nspname) END, c.relname)
    INTO whole, start
    FROM pg_index i
    JOIN pg_class x ON x.oid = i.indexrelid
    JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE i.indexrelid = $2;
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
        WHERE i.indrelid = source
            AND (i.indkey::smallint[] && numbers OR EXISTS (
                SELECT
                FROM pg_depend d
                WHERE d.classid = 'pg_class'::regclass
                    AND d.objid = i.indexrelid
                    AND d.refclassid = 'pg_class'::regclass
                    AND d.refobjid = source
                    AND d.refobjsubid = ANY (numbers)
            ))
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
        WHERE e.stxrelid = source
            AND (e.stxkeys::smallint[] && numbers OR EXISTS (
                SELECT
                FROM pg_depend d
                WHERE d.classid = 'pg_statistic_ext'::regclass
                    AND d.objid = e.oid
                    AND d.refclassid = 'pg_class'::regclass
                    AND d.refobjid = source
                    AND d.refobjsubid = ANY (numbers)
            ))
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

--changeset registry-bbm:create-declare-column-conversion splitStatements:false stripComments:false
CREATE OR REPLACE FUNCTION declare_column_conversion(
    name text,
    table_name text,
    column_name text,
    to_type text DEFAULT 'bigint',
    referencing text DEFAULT 'all',
    subscriber_has_column boolean DEFAULT false
) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    relation oid;
    wanted oid;
    known record;
    reached record;
    refusals text[] := '{}';
    warned text;
BEGIN
    IF coalesce(trim($1), '') = '' OR coalesce($5, '') NOT IN ('all', 'none') THEN
        RAISE EXCEPTION 'declare_column_conversion needs a name, and as referencing all or none' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF coalesce($4, '') NOT IN ('bigint', 'integer') THEN
        RAISE EXCEPTION 'column conversion %: only integer and bigint can be taken to, not %', quote_literal($1), quote_nullable($4)
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF coalesce(cardinality(parse_ident($2)), 0) <> 2 OR to_regclass($2) IS NULL THEN
        RAISE EXCEPTION 'column conversion % names the table %, which does not exist; write it as <schema>.<table>, quoted as in SQL if necessary',
            quote_literal($1), quote_nullable($2)
            USING ERRCODE = 'undefined_table';
    END IF;
    relation := to_regclass($2);
    wanted := $4::regtype;

    PERFORM pg_advisory_xact_lock(hashtextextended('column conversion ' || $1, 0));
    SELECT v.to_type, v.referencing, v.dropped_at, to_regclass(c.table_name)::oid AS relid, c.table_name, c.column_name
    INTO known
    FROM batched_background_migration_conversions v
    JOIN batched_background_migration_conversion_columns c ON c.conversion = v.name AND c.position = 1
    WHERE v.name = $1;
    IF FOUND THEN
        IF known.dropped_at IS NOT NULL OR known.to_type <> $4 OR known.referencing <> $5 OR known.column_name <> $3
            OR known.relid IS DISTINCT FROM relation
        THEN
            RAISE EXCEPTION 'a column conversion % is there already and is another one: % of % to %; nothing was changed; give the new one a name of its own',
                quote_literal($1), known.column_name, known.table_name,
                known.to_type || CASE WHEN known.dropped_at IS NULL THEN '' ELSE ', which is over' END
                USING ERRCODE = 'RBM02';
        END IF;
        RETURN;
    END IF;

    SELECT a.atttypid, a.atttypid::regtype AS type
    INTO known
    FROM pg_attribute a
    WHERE a.attrelid = relation
        AND a.attname = $3
        AND a.attnum > 0
        AND NOT a.attisdropped;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'column conversion % names the column %, which % does not have; write the name as the catalogue has it',
            quote_literal($1), quote_nullable($3), $2
            USING ERRCODE = 'undefined_column';
    END IF;
    IF known.atttypid NOT IN ('smallint'::regtype, 'integer'::regtype) OR known.atttypid = wanted THEN
        RAISE EXCEPTION 'column conversion %: % of % is % and cannot be widened to %',
            quote_literal($1), $3, $2, known.type, $4
            USING ERRCODE = 'RBM04';
    END IF;

    INSERT INTO batched_background_migration_conversions (name, to_type, referencing, subscriber_has_column)
    VALUES ($1, $4, $5, coalesce($6, false));
    INSERT INTO batched_background_migration_conversion_columns (
        conversion, position, table_name, column_name, twin_name, from_type, level, migration
    )
    SELECT $1, o.place, o.named, o.attname, column_conversion_name(o.attname || '_twin'), o.atttypid::regtype::text, o.level,
        CASE o.place WHEN 1 THEN $1 ELSE $1 || ':' || o.named || '.' || o.attname END
    FROM (
        SELECT row_number() OVER (ORDER BY r.relid = relation AND a.attname = $3 DESC, r.level, c.relname, a.attnum) AS place,
            format('%I.%I', n.nspname, c.relname) AS named, a.attname, a.atttypid, r.level
        FROM column_conversion_reach(relation, $3, wanted, $5) AS r
        JOIN pg_class c ON c.oid = r.relid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = r.relid AND a.attnum = r.attnum
    ) AS o;

    FOR reached IN
        SELECT r.*, p.table_name, p.column_name, p.twin_name, p.twin
        FROM column_conversion_pairs($1, 'finish') AS p
        JOIN column_conversion_reach(relation, $3, wanted, $5) AS r ON r.relid = p.relid AND r.attnum = p.attnum
        ORDER BY p.place
    LOOP
        refusals := refusals || ARRAY(
            SELECT problem FROM column_conversion_obstacles(reached.relid, reached.attnum) AS problem
        );
        IF reached.circle THEN
            refusals := refusals || format('foreign keys lead from %s back to itself', reached.table_name);
        END IF;
        IF reached.twin IS NOT NULL THEN
            refusals := refusals || format('%s has a column %I already', reached.table_name, reached.twin_name);
        END IF;
        refusals := refusals || ARRAY(
            SELECT format('%s is published by %I; add %I to the table of each subscriber first, then say subscriberHasColumn: true', reached.table_name, t.pubname, reached.twin_name)
            FROM pg_publication_tables t
            WHERE format('%I.%I', t.schemaname, t.tablename) = reached.table_name
                AND NOT coalesce($6, false)
        );
    END LOOP;
    refusals := refusals || ARRAY(
        SELECT format('a batched migration %L is there already', m.name)
        FROM column_conversion_pairs($1, 'finish') AS p
        JOIN batched_background_migrations m ON m.name = p.migration
    );
    IF NOT has_database_privilege(current_database(), 'TEMP') THEN
        refusals := refusals || 'you may not create temporary tables in this database';
    END IF;
    refusals := refusals || ARRAY(
        SELECT format('the name %s of the copy of %s is taken', o.copy, o.name)
        FROM column_conversion_keys($1, 'finish') AS o
        WHERE o.state <> 'missing'
    );
    -- What was refused may be what the clone cannot bear.
    IF refusals = '{}' THEN
        FOR reached IN
            SELECT p.table_name, array_agg(p.column_name) AS columns, array_agg(p.twin_name) AS twins, array_agg(p.target) AS types
            FROM column_conversion_pairs($1, 'finish') AS p
            GROUP BY p.table_name
        LOOP
            BEGIN
                refusals := refusals || ARRAY(
                    SELECT format('the name %s of the copy of %s is taken', o.copy, o.name)
                    FROM column_conversion_copies($1, 'finish', reached.table_name, reached.columns, reached.twins, reached.types) AS o
                    WHERE o.state <> 'missing'
                );
            EXCEPTION
                WHEN OTHERS THEN
                    refusals := refusals || format('an index, a check or statistics of %s cannot be made for the wider column: %s', reached.table_name, SQLERRM);
            END;
        END LOOP;
    END IF;
    IF refusals <> '{}' THEN
        RAISE EXCEPTION 'column conversion % is refused%', quote_literal($1), (
                SELECT string_agg(E'\n  ' || one, '' ORDER BY place)
                FROM (SELECT one, min(place) AS place FROM unnest(refusals) WITH ORDINALITY AS g (one, place) GROUP BY one) AS distinct_ones
            )
            USING ERRCODE = 'RBM04',
                HINT = 'Nothing was changed. Take away what is named, or convert the column by hand.';
    END IF;
    FOR warned IN
        SELECT DISTINCT format('function %s names the table %s; what it declares as %s%%TYPE stays narrow in sessions that have run it', f.oid::regprocedure, p.table_name, p.column_name)
        FROM column_conversion_pairs($1, 'finish') AS p
        JOIN pg_class c ON c.oid = p.relid
        JOIN pg_proc f ON f.prosrc ~* ('\m' || regexp_replace(c.relname, '\W', '.', 'g') || '\M')
        JOIN pg_language l ON l.oid = f.prolang AND l.lanname NOT IN ('internal', 'c')
        WHERE f.pronamespace <> 'pg_catalog'::regnamespace
            AND f.pronamespace <> (
                SELECT e.relnamespace FROM pg_class e WHERE e.oid = to_regclass('batched_background_migration_conversions')
            )
            AND f.prosrc ~* '%type'
        UNION ALL
        SELECT format('sequence %s ends at %s, and %s of %s takes its values from there; raise its MAXVALUE when the conversion is finished', q.seqrelid::regclass, q.seqmax, p.column_name, p.table_name)
        FROM column_conversion_pairs($1, 'finish') AS p
        JOIN pg_attrdef v ON v.adrelid = p.relid AND v.adnum = p.attnum
        JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = v.oid AND d.refclassid = 'pg_class'::regclass
        JOIN pg_sequence q ON q.seqrelid = d.refobjid
        JOIN pg_attribute a ON a.attrelid = p.relid AND a.attnum = p.attnum
        WHERE q.seqmax <= 2147483647
            AND NOT (q.seqtypid = a.atttypid AND EXISTS (
                SELECT
                FROM pg_depend o
                WHERE o.classid = 'pg_class'::regclass
                    AND o.objid = q.seqrelid
                    AND o.refobjid = p.relid
                    AND o.refobjsubid = p.attnum
                    AND o.deptype = 'a'
            ))
    LOOP
        RAISE WARNING '%', warned;
    END LOOP;
END
$$;

COMMENT ON FUNCTION declare_column_conversion IS
    'Says that a column is to be widened, with the columns that refer to it; refuses with SQLSTATE RBM04 what cannot be taken along.';
--rollback DROP FUNCTION IF EXISTS declare_column_conversion;

-- Fires last, and for replication too. It keeps what is too great for the narrow one out of it, and never fails.

--changeset registry-bbm:create-write-column-twin-function splitStatements:false stripComments:false
CREATE OR REPLACE FUNCTION write_column_twin_function(conversion text, table_name text) RETURNS text
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    body text;
    named text;
    owner name;
    is_there boolean;
BEGIN
    SELECT string_agg(
            CASE
                WHEN w.atttypid = 'bigint'::regtype OR a.atttypid = w.atttypid OR a.atttypid = 'smallint'::regtype
                    THEN format(E'    new.%I := new.%I;\n', p.twin_name, p.column_name)
                ELSE format(
                    E'    new.%1$I := CASE WHEN new.%2$I OPERATOR(pg_catalog.>=) (%3$s) AND new.%2$I OPERATOR(pg_catalog.<=) %4$s THEN new.%2$I END;\n',
                    p.twin_name, p.column_name,
                    CASE w.atttypid WHEN 'smallint'::regtype THEN -32768 ELSE -2147483648 END,
                    CASE w.atttypid WHEN 'smallint'::regtype THEN 32767 ELSE 2147483647 END)
            END,
            '' ORDER BY p.place)
    INTO body
    FROM column_conversion_pairs($1, 'finish') AS p
    JOIN pg_attribute a ON a.attrelid = p.relid AND a.attnum = p.attnum
    JOIN pg_attribute w ON w.attrelid = p.relid AND w.attnum = p.twin
    WHERE p.table_name = $2;
    SELECT format('%I.%I', n.nspname, 'bbm_twin_' || md5($1 || ' of ' || $2)), pg_get_userbyid(c.relowner), EXISTS (
            SELECT
            FROM pg_trigger g
            WHERE g.tgrelid = c.oid
                AND g.tgname = column_conversion_name('zzz_bbm_' || $1)
        )
    INTO named, owner, is_there
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = to_regclass($2);
    EXECUTE format(
        'CREATE %s FUNCTION %s() RETURNS trigger LANGUAGE plpgsql AS %L', CASE WHEN is_there THEN 'OR REPLACE' ELSE '' END,
        named, E'\nBEGIN\n' || body || E'    RETURN new;\nEND\n');
    EXECUTE format('COMMENT ON FUNCTION %s() IS %L', named, format('Fills the twins of the column conversion %s.', $1));
    IF owner <> current_user THEN
        EXECUTE format('ALTER FUNCTION %s() OWNER TO %I', named, owner);
    END IF;
    RETURN named;
END
$$;
--rollback DROP FUNCTION IF EXISTS write_column_twin_function(text, text);

--changeset registry-bbm:create-grant-like-column splitStatements:false stripComments:false
CREATE OR REPLACE FUNCTION grant_like_column(table_name text, from_column text, to_column text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT DISTINCT format('REVOKE ALL (%I) ON %s FROM %s', $3, $1, who.named) AS statement
        FROM pg_attribute a
        CROSS JOIN aclexplode(a.attacl) AS g
        CROSS JOIN LATERAL (SELECT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END AS named) AS who
        WHERE a.attrelid = to_regclass($1)
            AND a.attname = $3
    LOOP
        EXECUTE one.statement;
    END LOOP;
    FOR one IN
        SELECT format('GRANT %s (%I) ON %s TO %s%s', g.privilege_type, $3, $1, who.named,
            CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS statement
        FROM pg_attribute a
        CROSS JOIN aclexplode(a.attacl) AS g
        CROSS JOIN LATERAL (SELECT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END AS named) AS who
        WHERE a.attrelid = to_regclass($1)
            AND a.attname = $2
    LOOP
        EXECUTE one.statement;
    END LOOP;
END
$$;
--rollback DROP FUNCTION IF EXISTS grant_like_column(text, text, text);

--changeset registry-bbm:create-add-column-twins splitStatements:false stripComments:false
CREATE OR REPLACE FUNCTION add_column_twins(conversion text, table_name text) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    pair record;
    filled_by text := column_conversion_name('zzz_bbm_' || $1);
BEGIN
    FOR pair IN
        SELECT *
        FROM column_conversion_pairs($1, 'finish') AS p
        WHERE p.table_name = $2
            AND p.twin IS NULL
    LOOP
        EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', $2, pair.twin_name, pair.target);
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', $2, pair.twin_name,
            format('Kept equal to %s by the column conversion %s.', pair.column_name, $1));
        -- Whoever may read all columns one by one may say SELECT *.
        PERFORM grant_like_column($2, pair.column_name, pair.twin_name);
    END LOOP;
    IF NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = to_regclass($2) AND g.tgname = filled_by) THEN
        EXECUTE format('CREATE TRIGGER %I BEFORE INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION %s()',
            filled_by, $2, write_column_twin_function($1, $2));
    END IF;
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', $2, filled_by);
END
$$;
--rollback DROP FUNCTION IF EXISTS add_column_twins(text, text);

-- Everything of a table at once, under a lock that nobody else holds. What was on the column is dropped, and its copy on the
-- twin takes its name. A foreign key goes before its column and its twin exchange their roles: one that was left would set the
-- twin, and the trigger would set it back.

--changeset registry-bbm:create-exchange-converted-columns splitStatements:false stripComments:false
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
        WHERE i.indrelid = relation
            AND (i.indkey::smallint[] && numbers OR EXISTS (
                SELECT
                FROM pg_depend d
                WHERE d.classid = 'pg_class'::regclass
                    AND d.objid = i.indexrelid
                    AND d.refclassid = 'pg_class'::regclass
                    AND d.refobjid = relation
                    AND d.refobjsubid = ANY (numbers)
            ))
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
        WHERE e.stxrelid = relation
            AND (e.stxkeys::smallint[] && numbers OR EXISTS (
                SELECT
                FROM pg_depend d
                WHERE d.classid = 'pg_statistic_ext'::regclass
                    AND d.objid = e.oid
                    AND d.refclassid = 'pg_class'::regclass
                    AND d.refobjid = relation
                    AND d.refobjsubid = ANY (numbers)
            ))
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

--changeset registry-bbm:create-drop-column-twins splitStatements:false stripComments:false
CREATE OR REPLACE FUNCTION drop_column_twins(conversion text, table_name text) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT g.tgname, g.tgfoid::regprocedure AS filled_by
        FROM pg_trigger g
        WHERE g.tgrelid = to_regclass($2)
            AND g.tgname = column_conversion_name('zzz_bbm_' || $1)
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', item.tgname, $2);
        EXECUTE format('DROP FUNCTION %s', item.filled_by);
    END LOOP;
    FOR item IN
        SELECT DISTINCT format('%I.%I', n.nspname, c.relname) AS child, k.conname, EXISTS (
                SELECT
                FROM pg_constraint o
                WHERE o.conrelid = k.conrelid
                    AND o.contype = 'f'
                    AND column_conversion_name(o.conname || '_twin') = k.conname
            ) AS is_copy
        FROM column_conversion_pairs($1, 'finish') AS p
        JOIN pg_constraint k ON k.contype = 'f'
            AND (k.conrelid = p.relid AND p.twin = ANY (k.conkey) OR k.confrelid = p.relid AND p.twin = ANY (k.confkey))
        JOIN pg_class c ON c.oid = k.conrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE p.table_name = $2
    LOOP
        IF NOT item.is_copy THEN
            RAISE EXCEPTION 'foreign key % of % is on a twin and is no copy of another; nothing was dropped', item.conname, item.child
                USING ERRCODE = 'RBM04';
        END IF;
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', item.child, item.conname);
    END LOOP;
    FOR item IN
        SELECT p.twin_name FROM column_conversion_pairs($1, 'finish') AS p WHERE p.table_name = $2 AND p.twin IS NOT NULL
    LOOP
        EXECUTE format('ALTER TABLE %s DROP COLUMN %I', $2, item.twin_name);
    END LOOP;
END
$$;
--rollback DROP FUNCTION IF EXISTS drop_column_twins(text, text);

-- What another direction, which was broken off, has put on twins that stay twins. Left there, the proof and NOT NULL would refuse
-- keys that are too great for the twin.

--changeset registry-bbm:create-clear-column-twins splitStatements:false stripComments:false
CREATE OR REPLACE FUNCTION column_twin_copies(conversion text, verb text)
RETURNS TABLE (table_name text, relid oid, other_table text, drop_statement text)
LANGUAGE sql
STABLE
SET search_path FROM CURRENT
AS $$
    WITH twins AS (
        SELECT p.table_name, p.relid, p.column_name, p.twin_name, p.twin
        FROM column_conversion_pairs($1, $2) AS p
        WHERE NOT p.pending
            AND p.twin IS NOT NULL
    )
    SELECT t.table_name, t.relid, format('%I.%I', fn.nspname, f.relname),
        format('ALTER TABLE %I.%I DROP CONSTRAINT IF EXISTS %I', cn.nspname, c.relname, k.conname)
    FROM twins t
    JOIN pg_constraint k ON k.contype = 'f'
        AND (k.conrelid = t.relid AND t.twin = ANY (k.conkey) OR k.confrelid = t.relid AND t.twin = ANY (k.confkey))
    JOIN pg_constraint o ON o.conrelid = k.conrelid AND o.contype = 'f' AND column_conversion_name(o.conname || '_twin') = k.conname
    JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_namespace cn ON cn.oid = c.relnamespace
    JOIN pg_class f ON f.oid = CASE WHEN k.conrelid = t.relid THEN k.confrelid ELSE k.conrelid END
    JOIN pg_namespace fn ON fn.oid = f.relnamespace
    -- A copy that is being made in this direction has an original that is still to be exchanged.
    WHERE NOT EXISTS (SELECT FROM column_conversion_keys($1, $2) AS made WHERE made.child_id = k.conrelid AND made.copy = k.conname)
    UNION ALL
    SELECT t.table_name, t.relid, NULL, format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', t.table_name, k.conname)
    FROM twins t
    JOIN pg_constraint k ON k.conrelid = t.relid AND k.contype = 'c' AND t.twin = ANY (k.conkey)
    WHERE k.conname = column_conversion_name('bbm_same_' || t.column_name)
        OR EXISTS (
            SELECT
            FROM pg_constraint o
            WHERE o.conrelid = k.conrelid
                AND o.contype = 'c'
                AND column_conversion_name(o.conname || '_twin') = k.conname
        )
    UNION ALL
    SELECT t.table_name, t.relid, NULL, format('DROP INDEX IF EXISTS %I.%I', n.nspname, x.relname)
    FROM twins t
    JOIN pg_index i ON i.indrelid = t.relid
    JOIN pg_class x ON x.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = x.relnamespace
    WHERE EXISTS (
            SELECT
            FROM pg_index oi
            JOIN pg_class o ON o.oid = oi.indexrelid
            WHERE oi.indrelid = t.relid
                AND column_conversion_name(o.relname || '_twin') = x.relname
        )
        AND (t.twin = ANY (i.indkey) OR EXISTS (
            SELECT
            FROM pg_depend d
            WHERE d.classid = 'pg_class'::regclass
                AND d.objid = i.indexrelid
                AND d.refclassid = 'pg_class'::regclass
                AND d.refobjid = t.relid
                AND d.refobjsubid = t.twin
        ))
    UNION ALL
    SELECT t.table_name, t.relid, NULL, format('DROP STATISTICS IF EXISTS %I.%I', n.nspname, e.stxname)
    FROM twins t
    JOIN pg_statistic_ext e ON e.stxrelid = t.relid
    JOIN pg_namespace n ON n.oid = e.stxnamespace
    WHERE EXISTS (
            SELECT
            FROM pg_statistic_ext o
            WHERE o.stxrelid = t.relid
                AND column_conversion_name(o.stxname || '_twin') = e.stxname
        )
        AND (t.twin = ANY (e.stxkeys) OR EXISTS (
            SELECT
            FROM pg_depend d
            WHERE d.classid = 'pg_statistic_ext'::regclass
                AND d.objid = e.oid
                AND d.refclassid = 'pg_class'::regclass
                AND d.refobjid = t.relid
                AND d.refobjsubid = t.twin
        ))
    UNION ALL
    SELECT t.table_name, t.relid, NULL, format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', t.table_name, t.twin_name)
    FROM twins t
    JOIN pg_attribute a ON a.attrelid = t.relid AND a.attnum = t.twin AND a.attnotnull
$$;
--rollback DROP FUNCTION IF EXISTS column_twin_copies(text, text);

--changeset registry-bbm:create-column-conversion-problems splitStatements:false stripComments:false
CREATE OR REPLACE FUNCTION column_conversion_problems(conversion text, verb text) RETURNS SETOF text
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    to_type text := (SELECT v.to_type FROM batched_background_migration_conversions v WHERE v.name = $1);
    pair record;
    least_key bigint;
    greatest_key bigint;
    beyond bigint;
    owned record;
BEGIN
    -- What is missing would look as if it were done.
    RETURN QUERY
    SELECT format('%s has no column %I', p.table_name, p.column_name)
    FROM column_conversion_pairs($1, $2) AS p
    WHERE p.attnum IS NULL
    ORDER BY p.place;
    IF $2 IN ('finish', 'undo') THEN
        RETURN QUERY
        SELECT format('%I of %s has no twin that a trigger fills; add the conversion first', p.column_name, p.table_name)
        FROM column_conversion_pairs($1, $2) AS p
        WHERE p.twin IS NULL
            OR NOT EXISTS (
                SELECT
                FROM pg_trigger g
                WHERE g.tgrelid = p.relid
                    AND g.tgname = column_conversion_name('zzz_bbm_' || $1)
                    AND g.tgenabled = 'A'
            )
        ORDER BY p.place;
        RETURN QUERY
        SELECT DISTINCT obstacle
        FROM column_conversion_pairs($1, $2) AS p
        CROSS JOIN column_conversion_obstacles(p.relid, p.attnum) AS obstacle
        WHERE p.pending;
    END IF;
    IF $2 = 'finish' THEN
        RETURN QUERY
        SELECT format('%s is published by %I; add %I to the table of each subscriber first', p.table_name, t.pubname, p.twin_name)
        FROM column_conversion_pairs($1, $2) AS p
        JOIN pg_publication_tables t ON format('%I.%I', t.schemaname, t.tablename) = p.table_name
        JOIN batched_background_migration_conversions v ON v.name = $1 AND NOT v.subscriber_has_column
        WHERE p.pending;
    END IF;
    IF $2 IN ('drop', 'abandon') THEN
        RETURN QUERY
        SELECT DISTINCT obstacle
        FROM column_conversion_pairs($1, 'finish') AS p
        CROSS JOIN column_conversion_obstacles(p.relid, p.twin) AS obstacle
        WHERE p.twin IS NOT NULL;
        RETURN QUERY
        SELECT format(
            CASE $2
                WHEN 'drop' THEN '%I of %s is not %s yet; finish the conversion first'
                ELSE '%I of %s is %s already; undo the conversion first'
            END,
            p.column_name, p.table_name, to_type)
        FROM column_conversion_pairs($1, 'finish') AS p
        WHERE p.pending = ($2 = 'drop')
        ORDER BY p.place;
    END IF;
    IF $2 = 'undo' THEN
        FOR pair IN SELECT p.* FROM column_conversion_pairs($1, $2) AS p WHERE p.pending ORDER BY p.place LOOP
            least_key := CASE pair.target WHEN 'smallint' THEN -32768 ELSE -2147483648 END;
            greatest_key := CASE pair.target WHEN 'smallint' THEN 32767 ELSE 2147483647 END;
            EXECUTE format(
                'SELECT count(*) FROM %s WHERE %2$I < $1 OR %2$I > $2', pair.table_name, pair.column_name)
                INTO beyond
                USING least_key, greatest_key;
            IF beyond > 0 THEN
                RETURN NEXT format('%I of %s has %s that no %s can hold', pair.column_name, pair.table_name,
                    CASE beyond WHEN 1 THEN '1 row' ELSE beyond || ' rows' END, pair.target);
            END IF;
            FOR owned IN
                SELECT format('%I.%I', n.nspname, c.relname) AS named, q.seqincrement, q.seqmin, q.seqmax, from_it.owned,
                    EXISTS (
                        SELECT
                        FROM batched_background_migration_conversion_originals o
                        WHERE o.conversion = $1
                            AND o.kind = 'sequence'
                            AND o.name = format('%I.%I', n.nspname, c.relname)
                            AND o.wide = column_conversion_definition('sequence', c.oid)
                    ) AS is_known, from_it.identity
                FROM (
                    SELECT d.objid AS id, true AS owned, d.deptype = 'i' AS identity
                    FROM pg_depend d
                    WHERE d.classid = 'pg_class'::regclass
                        AND d.refclassid = 'pg_class'::regclass
                        AND d.refobjid = pair.relid
                        AND d.refobjsubid = pair.attnum
                        AND d.deptype IN ('a', 'i')
                    UNION
                    SELECT d.refobjid, true, false
                    FROM pg_attrdef v
                    JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = v.oid AND d.refclassid = 'pg_class'::regclass
                    WHERE v.adrelid = pair.relid
                        AND v.adnum = pair.attnum
                ) AS from_it
                JOIN pg_class c ON c.oid = from_it.id AND c.relkind = 'S'
                JOIN pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_sequence q ON q.seqrelid = c.oid
            LOOP
                EXECUTE format('SELECT last_value + CASE WHEN is_called THEN %s ELSE 0 END FROM %s', owned.seqincrement, owned.named)
                    INTO beyond;
                IF beyond NOT BETWEEN least_key AND greatest_key THEN
                    RETURN NEXT format('sequence %s has come to %s, which no %s can hold', owned.named, beyond, pair.target);
                ELSIF owned.identity AND NOT owned.is_known
                    AND (owned.seqmin < least_key OR owned.seqmax > greatest_key AND owned.seqmax < 9223372036854775807)
                THEN
                    RETURN NEXT format('sequence %s goes from %s to %s, which no %s can hold; change its limits first',
                        owned.named, owned.seqmin, owned.seqmax, pair.target);
                END IF;
            END LOOP;
        END LOOP;
    END IF;
END
$$;

COMMENT ON FUNCTION column_conversion_problems(text, text) IS
    'Why a column conversion cannot be finished, undone, dropped or abandoned now; nothing if it can.';
--rollback DROP FUNCTION IF EXISTS column_conversion_problems(text, text);

--changeset registry-bbm:create-column-conversion-step-functions splitStatements:false stripComments:false
CREATE OR REPLACE FUNCTION column_conversion_short_step(title text, tables text[], step text)
RETURNS TABLE (title text, statement text)
LANGUAGE sql
STABLE
SET search_path FROM CURRENT
AS $$
    SELECT $1, format('SELECT %I.run_short_step(ARRAY[%s], %L)', n.nspname, (SELECT string_agg(DISTINCT quote_literal(o), ', ') FROM unnest($2) AS o), $3)
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = to_regclass('batched_background_migration_conversions')
$$;

CREATE OR REPLACE FUNCTION column_conversion_add_steps(conversion text)
RETURNS TABLE (title text, statement text)
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    engine text := (SELECT quote_ident(n.nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = to_regclass('batched_background_migration_conversions'));
BEGIN
    RETURN QUERY
    SELECT s.*
    FROM (
        SELECT p.table_name, string_agg(quote_ident(p.twin_name), ', ' ORDER BY p.place) AS twins, min(p.place) AS place
        FROM column_conversion_pairs($1, 'finish') AS p
        GROUP BY p.table_name, p.relid
        HAVING bool_or(p.twin IS NULL)
            OR NOT EXISTS (
                SELECT
                FROM pg_trigger g
                WHERE g.tgrelid = p.relid
                    AND g.tgname = column_conversion_name('zzz_bbm_' || $1)
                    AND g.tgenabled = 'A'
            )
    ) AS t
    CROSS JOIN column_conversion_short_step(
        format('add %s to %s', t.twins, t.table_name), ARRAY[t.table_name],
        format('SELECT %s.add_column_twins(%L, %L)', engine, $1, t.table_name)
    ) AS s
    ORDER BY t.place;

    RETURN QUERY
    SELECT format('queue the copy of %I of %s', p.column_name, p.table_name),
        format(
            'SELECT %s.queue_batched_migration(name => %L, table_name => %L, work_function => ''copyColumn'', arguments => %L, %s)',
            engine, p.migration, p.table_name, jsonb_build_object('from', p.column_name, 'to', p.twin_name),
            coalesce('key_columns => ' || quote_literal(key.columns), 'strategy => ''byBlocks'''))
    FROM column_conversion_pairs($1, 'finish') AS p
    CROSS JOIN LATERAL (
        SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.place) AS columns
        FROM pg_index i
        CROSS JOIN unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, place)
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
        WHERE i.indrelid = p.relid
            AND i.indisprimary
            AND k.place <= i.indnkeyatts
    ) AS key
    WHERE NOT EXISTS (SELECT FROM batched_background_migrations m WHERE m.name = p.migration)
    ORDER BY p.place;
END
$$;

CREATE OR REPLACE FUNCTION column_conversion_exchange_steps(conversion text, verb text)
RETURNS TABLE (title text, statement text)
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    engine text := (SELECT quote_ident(n.nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = to_regclass('batched_background_migration_conversions'));
    tab record;
    copies jsonb := '[]';
    stranger record;
BEGIN
    FOR tab IN
        SELECT p.table_name, array_agg(p.column_name) AS columns, array_agg(p.twin_name) AS twins, array_agg(p.target) AS types
        FROM column_conversion_pairs($1, $2) AS p
        WHERE p.pending
        GROUP BY p.table_name
        ORDER BY min(p.place)
    LOOP
        copies := copies || (
            SELECT coalesce(jsonb_agg(to_jsonb(c) || jsonb_build_object('table_name', tab.table_name)), '[]')
            FROM column_conversion_copies($1, $2, tab.table_name, tab.columns, tab.twins, tab.types) AS c
        );
    END LOOP;
    FOR stranger IN
        SELECT c.copy, c.name
        FROM jsonb_to_recordset(copies) AS c (copy text, name text, state text)
        WHERE c.state = 'other'
        UNION ALL
        SELECT k.copy, k.name
        FROM column_conversion_keys($1, $2) AS k
        WHERE k.state = 'other'
    LOOP
        RAISE EXCEPTION 'column conversion %: % is there, but is no copy of %; finish the other conversion of this table first, or drop it',
            quote_literal($1), stranger.copy, stranger.name
            USING ERRCODE = 'RBM04';
    END LOOP;

    -- A proof by the database itself, which also sees to it until the exchange.
    RETURN QUERY
    SELECT s.*
    FROM (
        SELECT p.table_name, min(p.place) AS place,
            string_agg(
                format('ADD CONSTRAINT %I CHECK (%s) NOT VALID', same.name, CASE
                    WHEN a.attnotnull THEN format('%1$I IS NOT NULL AND %1$I = %2$I', p.twin_name, p.column_name)
                    ELSE format('%I IS NOT DISTINCT FROM %I', p.twin_name, p.column_name)
                END),
                ', ' ORDER BY p.place) AS missing
        FROM column_conversion_pairs($1, $2) AS p
        JOIN pg_attribute a ON a.attrelid = p.relid AND a.attnum = p.attnum
        CROSS JOIN LATERAL (SELECT column_conversion_name('bbm_same_' || p.column_name) AS name) AS same
        WHERE p.pending
            AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = p.relid AND k.conname = same.name)
        GROUP BY p.table_name
    ) AS t
    CROSS JOIN column_conversion_short_step(
        format('have %s prove that twins are equal', t.table_name), ARRAY[t.table_name],
        format('ALTER TABLE %s %s', t.table_name, t.missing)
    ) AS s
    ORDER BY t.place;

    RETURN QUERY
    SELECT format('prove that %I of %s is equal to %I in each row', p.twin_name, p.table_name, p.column_name),
        format('ALTER TABLE %s VALIDATE CONSTRAINT %I', p.table_name, same.name)
    FROM column_conversion_pairs($1, $2) AS p
    CROSS JOIN LATERAL (SELECT column_conversion_name('bbm_same_' || p.column_name) AS name) AS same
    WHERE p.pending
        AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = p.relid AND k.conname = same.name AND k.convalidated)
    ORDER BY p.place;

    RETURN QUERY
    SELECT step.title, step.statement
    FROM jsonb_to_recordset(copies) AS c (kind text, table_name text, name text, copy text, statement text, state text)
    CROSS JOIN LATERAL (
        SELECT 1 AS number, format('drop index %s, which was not built to its end', c.copy) AS title,
            format('DROP INDEX CONCURRENTLY IF EXISTS %s', c.copy) AS statement
        WHERE c.state = 'invalid'
        UNION ALL
        SELECT 2, format('build index %s', c.copy), c.statement
    ) AS step
    WHERE c.kind = 'index'
        AND c.state <> 'ready'
    -- Those that are unique last: while there are two, INSERT ... ON CONFLICT knows one of them only.
    ORDER BY c.statement LIKE 'CREATE UNIQUE %', c.table_name, c.name, step.number;

    RETURN QUERY
    SELECT format('create statistics %s', c.copy), c.statement
    FROM jsonb_to_recordset(copies) AS c (kind text, table_name text, name text, copy text, statement text, state text)
    WHERE c.kind = 'statistics'
        AND c.state <> 'ready'
    ORDER BY c.table_name, c.name;

    RETURN QUERY
    SELECT DISTINCT format('analyze %s', p.table_name), format('ANALYZE %s', p.table_name)
    FROM column_conversion_pairs($1, $2) AS p
    WHERE p.pending;

    RETURN QUERY
    SELECT s.*
    FROM (
        SELECT p.table_name,
            string_agg(format('ALTER COLUMN %I SET NOT NULL', p.twin_name), ', ' ORDER BY p.place)
                FILTER (WHERE a.attnotnull AND NOT w.attnotnull) AS missing, (
                SELECT string_agg(c.statement, E';\n' ORDER BY c.name)
                FROM jsonb_to_recordset(copies) AS c (kind text, table_name text, name text, statement text, state text)
                WHERE c.table_name = p.table_name
                    AND c.kind IN ('check', 'unchecked')
                    AND c.state = 'missing'
            ) AS checks
        FROM column_conversion_pairs($1, $2) AS p
        JOIN pg_attribute a ON a.attrelid = p.relid AND a.attnum = p.attnum
        JOIN pg_attribute w ON w.attrelid = p.relid AND w.attnum = p.twin
        WHERE p.pending
        GROUP BY p.table_name
    ) AS t
    CROSS JOIN column_conversion_short_step(
        format('copy NOT NULL and the checks of %s', t.table_name), ARRAY[t.table_name],
        concat_ws(E';\n', format('ALTER TABLE %s ', t.table_name) || t.missing, t.checks)
    ) AS s
    WHERE num_nonnulls(t.missing, t.checks) > 0
    ORDER BY t.table_name;

    RETURN QUERY
    SELECT format('validate check constraint %s of %s', c.copy, c.table_name),
        format('ALTER TABLE %s VALIDATE CONSTRAINT %s', c.table_name, c.copy)
    FROM jsonb_to_recordset(copies) AS c (kind text, table_name text, name text, copy text, state text)
    WHERE c.kind = 'check'
        AND c.state <> 'ready'
    ORDER BY c.table_name, c.name;

    RETURN QUERY
    SELECT s.*
    FROM column_conversion_keys($1, $2) AS k
    CROSS JOIN column_conversion_short_step(format('add foreign key %I of %s', k.copy, k.child), ARRAY[k.child, k.parent], k.statement) AS s
    WHERE k.state = 'missing'
    ORDER BY k.child, k.name;

    RETURN QUERY
    SELECT format('validate foreign key %I of %s', k.copy, k.child), format('ALTER TABLE %s VALIDATE CONSTRAINT %I', k.child, k.copy)
    FROM column_conversion_keys($1, $2) AS k
    JOIN pg_constraint original ON original.oid = k.oid
    WHERE k.state <> 'ready'
        AND original.convalidated
    ORDER BY k.child, k.name;

    -- First the tables that refer to others. A foreign key is dropped with a lock on both its tables.
    RETURN QUERY
    SELECT s.*
    FROM (
        SELECT p.table_name, max(p.level) AS level, min(p.place) AS place, string_agg(quote_ident(p.column_name), ', ' ORDER BY p.place) AS columns,
            ARRAY(
                SELECT other
                FROM column_conversion_keys($1, $2) AS k
                CROSS JOIN unnest(ARRAY[k.child, k.parent]) AS other
                WHERE p.relid IN (k.child_id, k.parent_id)
            ) AS others
        FROM column_conversion_pairs($1, $2) AS p
        WHERE p.pending
        GROUP BY p.table_name, p.relid
    ) AS t
    CROSS JOIN column_conversion_short_step(
        format('exchange %s of %s and the twins', t.columns, t.table_name), t.table_name || t.others,
        format('SELECT %s.exchange_converted_columns(%L, %L, %L)', engine, $1, $2, t.table_name)
    ) AS s
    ORDER BY t.level DESC, t.place;

    -- Last, because a foreign key that is exchanged may have needed an index among them.
    RETURN QUERY
    SELECT s.*
    FROM (
        SELECT c.table_name, string_agg(c.drop_statement, E';\n' ORDER BY c.drop_statement LIKE 'DROP %', c.drop_statement) AS statements, array_remove(array_agg(c.other_table), NULL) AS others
        FROM column_twin_copies($1, $2) AS c
        GROUP BY c.table_name
    ) AS t
    CROSS JOIN column_conversion_short_step(
        format('take from the twins of %s what another direction has left there', t.table_name), t.table_name || t.others, t.statements
    ) AS s
    ORDER BY t.table_name;
END
$$;

CREATE OR REPLACE FUNCTION column_conversion_drop_steps(conversion text)
RETURNS TABLE (title text, statement text)
LANGUAGE sql
SET search_path FROM CURRENT
AS $$
    SELECT s.*
    FROM (
        SELECT p.table_name, max(p.level) AS level, min(p.place) AS place,
            ARRAY(
                SELECT format('%I.%I', n.nspname, c.relname)
                FROM column_conversion_pairs($1, 'finish') AS o
                JOIN pg_constraint k ON k.contype = 'f'
                    AND (k.conrelid = o.relid AND o.twin = ANY (k.conkey) OR k.confrelid = o.relid AND o.twin = ANY (k.confkey))
                JOIN pg_class c ON c.oid IN (k.conrelid, k.confrelid)
                JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE o.table_name = p.table_name
            ) AS others
        FROM column_conversion_pairs($1, 'finish') AS p
        GROUP BY p.table_name
        HAVING bool_or(p.twin IS NOT NULL)
    ) AS t
    CROSS JOIN (
        SELECT n.nspname
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = to_regclass('batched_background_migration_conversions')
    ) AS engine
    CROSS JOIN column_conversion_short_step(
        format('drop the twins of %s', t.table_name), t.table_name || t.others,
        format('SELECT %I.drop_column_twins(%L, %L)', engine.nspname, $1, t.table_name)
    ) AS s
    ORDER BY t.level DESC, t.place
$$;
--rollback DROP FUNCTION IF EXISTS column_conversion_drop_steps(text);
--rollback DROP FUNCTION IF EXISTS column_conversion_exchange_steps(text, text);
--rollback DROP FUNCTION IF EXISTS column_conversion_add_steps(text);
--rollback DROP FUNCTION IF EXISTS column_conversion_short_step(text, text[], text);

-- The list says what is left at this moment. Whoever has it keeps others from it until its end, or the end of the session.

--changeset registry-bbm:create-end-column-conversion splitStatements:false stripComments:false
CREATE OR REPLACE FUNCTION end_column_conversion(conversion text, verb text) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    rest text;
BEGIN
    SELECT string_agg(format('%I of %s', p.twin_name, p.table_name), ', ')
    INTO rest
    FROM column_conversion_pairs($1, 'finish') AS p
    WHERE p.twin IS NOT NULL
        OR EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = p.relid AND g.tgname = column_conversion_name('zzz_bbm_' || $1));
    IF rest IS NOT NULL THEN
        RAISE EXCEPTION 'column conversion % is not over: there is % yet; run the same again', quote_literal($1), rest
            USING ERRCODE = 'RBM04';
    END IF;
    IF $2 = 'drop' THEN
        UPDATE batched_background_migration_conversions v SET dropped_at = now() WHERE v.name = $1;
    ELSE
        DELETE FROM batched_background_migration_conversions v WHERE v.name = $1;
    END IF;
END
$$;
--rollback DROP FUNCTION IF EXISTS end_column_conversion(text, text);

--changeset registry-bbm:create-column-conversion-steps splitStatements:false stripComments:false
CREATE OR REPLACE FUNCTION column_conversion_steps(conversion text, verb text)
RETURNS TABLE (title text, statement text, always boolean)
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    known record;
    others text;
    problems text[];
    is_mine boolean;
    key bigint := hashtextextended('steps of column conversion ' || $1, 0);
    engine text := (SELECT quote_ident(n.nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = to_regclass('batched_background_migration_conversions'));
BEGIN
    IF coalesce($2, '') NOT IN ('add', 'finish', 'undo', 'drop', 'abandon') THEN
        RAISE EXCEPTION 'column_conversion_steps can add, finish, undo, drop or abandon, not %', quote_nullable($2)
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT v.* INTO known FROM batched_background_migration_conversions v WHERE v.name = $1;
    IF NOT FOUND THEN
        IF $2 = 'abandon' THEN
            RETURN;
        END IF;
        SELECT string_agg(quote_literal(v.name), ', ' ORDER BY v.name)
        INTO others
        FROM batched_background_migration_conversions v
        WHERE v.dropped_at IS NULL;
        RAISE EXCEPTION 'column conversion % does not exist; %', quote_nullable($1), coalesce('there is ' || others, 'nor does any other')
            USING ERRCODE = 'RBM04';
    END IF;
    IF known.dropped_at IS NOT NULL THEN
        IF $2 = 'drop' THEN
            RETURN;
        END IF;
        RAISE EXCEPTION 'column conversion % is over: its twins were dropped at %', quote_literal($1), date_trunc('second', known.dropped_at)
            USING ERRCODE = 'RBM04';
    END IF;
    -- Whoever has looked at the list before has the lock already.
    is_mine := EXISTS (
        SELECT
        FROM pg_locks l
        WHERE l.locktype = 'advisory'
            AND l.granted
            AND l.objsubid = 1
            AND l.pid = pg_backend_pid()
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND (l.classid::bigint << 32) | l.objid::bigint = key
    );
    IF NOT is_mine AND NOT pg_try_advisory_lock(key) THEN
        RAISE EXCEPTION 'column conversion % is being worked on by another session%', quote_literal($1), (
                SELECT ', pid ' || l.pid || coalesce(' of ' || nullif(a.application_name, ''), '')
                FROM pg_locks l
                LEFT JOIN pg_stat_activity a ON a.pid = l.pid
                WHERE l.locktype = 'advisory'
                    AND l.granted
                    AND l.objsubid = 1
                    AND (l.classid::bigint << 32) | l.objid::bigint = key
                LIMIT 1
            )
            USING ERRCODE = 'lock_not_available';
    END IF;
    BEGIN
        problems := ARRAY(SELECT o FROM column_conversion_problems($1, $2) AS o);
        IF problems <> '{}' THEN
            RAISE EXCEPTION 'column conversion % cannot be %:%', quote_literal($1),
                CASE $2 WHEN 'add' THEN 'added' WHEN 'finish' THEN 'finished' WHEN 'undo' THEN 'undone' WHEN 'drop' THEN 'dropped' ELSE 'abandoned' END,
                (SELECT string_agg(E'\n  ' || o, '' ORDER BY place) FROM unnest(problems) WITH ORDINALITY AS g (o, place))
                USING ERRCODE = 'RBM04';
        END IF;
        IF $2 = 'finish' THEN
            PERFORM require_batched_migrations(ARRAY(SELECT p.migration FROM column_conversion_pairs($1, $2) AS p ORDER BY p.place));
        END IF;

        -- Steps that others wait for have limits of their own. In others a limit would leave half an index behind.
        RETURN QUERY VALUES
            ('wait for locks without a limit', 'SET lock_timeout = 0', false),
            ('run statements without a limit', 'SET statement_timeout = 0', false),
            ('see in each statement what others have done', 'SET default_transaction_isolation = ''read committed''', false),
            ('build each index where its original is', 'SET default_tablespace = ''''', false);
        IF $2 = 'add' THEN
            RETURN QUERY SELECT s.title, s.statement, false FROM column_conversion_add_steps($1) AS s;
        ELSIF $2 IN ('finish', 'undo') THEN
            RETURN QUERY SELECT s.title, s.statement, false FROM column_conversion_exchange_steps($1, $2) AS s;
        ELSE
            IF $2 = 'abandon' THEN
                RETURN QUERY VALUES (
                    'delete the batched migrations that copy',
                    format('DELETE FROM %s.batched_background_migrations WHERE name = ANY (%L)', engine,
                        ARRAY(SELECT p.migration FROM column_conversion_pairs($1, $2) AS p)),
                    false);
            END IF;
            RETURN QUERY SELECT s.title, s.statement, false FROM column_conversion_drop_steps($1) AS s;
            RETURN QUERY VALUES (
                'record that the conversion is over', format('SELECT %s.end_column_conversion(%L, %L)', engine, $1, $2), false);
        END IF;
        RETURN QUERY VALUES
            ('limit waits as before', format('SET lock_timeout = %L', current_setting('lock_timeout')), true),
            ('limit statements as before', format('SET statement_timeout = %L', current_setting('statement_timeout')), true),
            ('isolate as before', format('SET default_transaction_isolation = %L', current_setting('default_transaction_isolation')), true),
            ('build where it was usual', format('SET default_tablespace = %L', current_setting('default_tablespace')), true),
            ('let others work on it', format('SELECT pg_advisory_unlock(%s)', key), true);
    EXCEPTION
        WHEN OTHERS THEN
            PERFORM pg_advisory_unlock(key);
            RAISE;
    END;
END
$$;

COMMENT ON FUNCTION column_conversion_steps(text, text) IS
    'The statements that are left to add, finish, undo, drop or abandon a column conversion, in their order; some are to be run even if one before has failed.';
--rollback DROP FUNCTION IF EXISTS column_conversion_steps(text, text);
