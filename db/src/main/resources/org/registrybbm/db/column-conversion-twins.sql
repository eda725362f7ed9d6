--liquibase formatted sql logicalFilePath:org/registrybbm/db/column-conversion-twins.sql

-- The twins of the columns of a conversion: how they come, how they are filled, and how they go.

--changeset registry-bbm:create-declare-column-conversion splitStatements:false stripComments:false
-- The schema itself, and not the way to it that the role of this moment has: whoever calls the functions may have another,
-- and may have tables of the same names in it.
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

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
        refusals := refusals || ARRAY['you may not create temporary tables in this database'];
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
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

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
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

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

--changeset registry-bbm:create-drop-column-twins splitStatements:false stripComments:false
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

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
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

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
        AND i.indexrelid IN (SELECT column_indexes(t.relid, ARRAY[t.twin]))
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
        AND e.oid IN (SELECT column_statistics(t.relid, ARRAY[t.twin]))
    UNION ALL
    SELECT t.table_name, t.relid, NULL, format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', t.table_name, t.twin_name)
    FROM twins t
    JOIN pg_attribute a ON a.attrelid = t.relid AND a.attnum = t.twin AND a.attnotnull
$$;
--rollback DROP FUNCTION IF EXISTS column_twin_copies(text, text);
