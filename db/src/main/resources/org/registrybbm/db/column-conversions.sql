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
CREATE TABLE IF NOT EXISTS batched_background_migration_conversions (
    name text NOT NULL,
    to_type text NOT NULL,
    referencing text NOT NULL,
    subscriber_has_column boolean NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    dropped_at timestamp with time zone,
    CONSTRAINT pk_batched_background_migration_conversions PRIMARY KEY (name)
);

CREATE TABLE IF NOT EXISTS batched_background_migration_conversion_columns (
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

CREATE TABLE IF NOT EXISTS batched_background_migration_conversion_originals (
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
-- The schema itself, and not the way to it that the role of this moment has: whoever calls the functions may have another,
-- and may have tables of the same names in it.
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

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

-- Indexes and statistics depend on the columns of their expressions and conditions too. One that belongs to a constraint depends
-- on that, and names its columns.

--changeset registry-bbm:create-column-conversion-look-ups splitStatements:false stripComments:false
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

CREATE OR REPLACE FUNCTION column_conversion_schema() RETURNS text
LANGUAGE sql
STABLE
SET search_path FROM CURRENT
AS $$
    SELECT quote_ident(n.nspname)
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = to_regclass('batched_background_migration_conversions')
$$;

CREATE OR REPLACE FUNCTION column_indexes(relation oid, attnums smallint[]) RETURNS SETOF oid
LANGUAGE sql
STABLE
SET search_path = pg_catalog
AS $$
    SELECT i.indexrelid
    FROM pg_index i
    WHERE i.indrelid = $1
        AND (i.indkey::smallint[] && $2 OR EXISTS (
            SELECT
            FROM pg_depend d
            WHERE d.classid = 'pg_class'::regclass
                AND d.objid = i.indexrelid
                AND d.refclassid = 'pg_class'::regclass
                AND d.refobjid = $1
                AND d.refobjsubid = ANY ($2)
        ))
$$;

CREATE OR REPLACE FUNCTION column_statistics(relation oid, attnums smallint[]) RETURNS SETOF oid
LANGUAGE sql
STABLE
SET search_path = pg_catalog
AS $$
    SELECT e.oid
    FROM pg_statistic_ext e
    WHERE e.stxrelid = $1
        AND (e.stxkeys::smallint[] && $2 OR EXISTS (
            SELECT
            FROM pg_depend d
            WHERE d.classid = 'pg_statistic_ext'::regclass
                AND d.objid = e.oid
                AND d.refclassid = 'pg_class'::regclass
                AND d.refobjid = $1
                AND d.refobjsubid = ANY ($2)
        ))
$$;
--rollback DROP FUNCTION IF EXISTS column_statistics(oid, smallint[]);
--rollback DROP FUNCTION IF EXISTS column_indexes(oid, smallint[]);
--rollback DROP FUNCTION IF EXISTS column_conversion_schema();
