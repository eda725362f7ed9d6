--liquibase formatted sql logicalFilePath:org/registrybbm/db/column-conversion-steps.sql

-- What is left to be done of a conversion, as statements in their order.

--changeset registry-bbm:create-column-conversion-problems splitStatements:false stripComments:false
-- The schema itself, and not the way to it that the role of this moment has: whoever calls the functions may have another,
-- and may have tables of the same names in it.
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

CREATE OR REPLACE FUNCTION column_conversion_absence(conversion text) RETURNS text
LANGUAGE sql
STABLE
SET search_path FROM CURRENT
AS $$
    SELECT 'does not exist; ' || coalesce(
        'did you mean ' || batched_migration_near_names($1, array_agg(v.name)) || '?',
        'there is ' || string_agg(quote_literal(v.name), ', ' ORDER BY v.name),
        'nor does any other')
    FROM batched_background_migration_conversions v
    WHERE v.dropped_at IS NULL
    HAVING NOT EXISTS (SELECT FROM batched_background_migration_conversions known WHERE known.name = $1)
$$;

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
                SELECT format('%I.%I', n.nspname, c.relname) AS named, q.seqincrement, q.seqmin, q.seqmax, from_it.identity,
                    EXISTS (
                        SELECT
                        FROM batched_background_migration_conversion_originals o
                        WHERE o.conversion = $1
                            AND o.kind = 'sequence'
                            AND o.name = format('%I.%I', n.nspname, c.relname)
                            AND o.wide = column_conversion_definition('sequence', c.oid)
                    ) AS is_known
                FROM (
                    SELECT d.objid AS id, d.deptype = 'i' AS identity
                    FROM pg_depend d
                    WHERE d.classid = 'pg_class'::regclass
                        AND d.refclassid = 'pg_class'::regclass
                        AND d.refobjid = pair.relid
                        AND d.refobjsubid = pair.attnum
                        AND d.deptype IN ('a', 'i')
                    UNION
                    SELECT d.refobjid, false
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
--rollback DROP FUNCTION IF EXISTS column_conversion_absence(text);

--changeset registry-bbm:create-column-conversion-step-functions splitStatements:false stripComments:false
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

CREATE OR REPLACE FUNCTION column_conversion_short_step(title text, tables text[], step text)
RETURNS TABLE (title text, statement text)
LANGUAGE sql
STABLE
SET search_path FROM CURRENT
AS $$
    SELECT $1, format('SELECT %s.run_short_step(ARRAY[%s], %L)', column_conversion_schema(),
        (SELECT string_agg(DISTINCT quote_literal(o), ', ') FROM unnest($2) AS o), $3)
$$;

CREATE OR REPLACE FUNCTION column_conversion_add_steps(conversion text)
RETURNS TABLE (title text, statement text)
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    engine text := column_conversion_schema();
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
    engine text := column_conversion_schema();
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
    CROSS JOIN column_conversion_short_step(
        format('drop the twins of %s', t.table_name), t.table_name || t.others,
        format('SELECT %s.drop_column_twins(%L, %L)', column_conversion_schema(), $1, t.table_name)
    ) AS s
    ORDER BY t.level DESC, t.place
$$;
--rollback DROP FUNCTION IF EXISTS column_conversion_drop_steps(text);
--rollback DROP FUNCTION IF EXISTS column_conversion_exchange_steps(text, text);
--rollback DROP FUNCTION IF EXISTS column_conversion_add_steps(text);
--rollback DROP FUNCTION IF EXISTS column_conversion_short_step(text, text[], text);

-- The list says what is left at this moment. Whoever has it keeps others from it until its end, or the end of the session.

--changeset registry-bbm:create-end-column-conversion splitStatements:false stripComments:false
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

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
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

CREATE OR REPLACE FUNCTION column_conversion_steps(conversion text, verb text)
RETURNS TABLE (title text, statement text, always boolean)
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    known record;
    late record;
    problems text[];
    is_mine boolean;
    key bigint := hashtextextended('steps of column conversion ' || $1, 0);
    engine text := column_conversion_schema();
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
        RAISE EXCEPTION 'column conversion % %', quote_nullable($1), column_conversion_absence($1)
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
            FOR late IN
                SELECT format('%s.%I refers to %s.%I and stays %s, as its foreign key came after the conversion was added; '
                        'give it a conversion of its own', r.relid::regclass, a.attname, p.table_name, p.column_name,
                        format_type(a.atttypid, a.atttypmod)) AS warned
                FROM column_conversion_pairs($1, $2) AS p
                CROSS JOIN column_conversion_reach(p.relid, p.column_name, known.to_type::regtype, known.referencing) AS r
                JOIN pg_attribute a ON a.attrelid = r.relid AND a.attnum = r.attnum
                WHERE p.place = 1
                    AND NOT EXISTS (
                        SELECT
                        FROM column_conversion_pairs($1, $2) AS taken
                        WHERE taken.relid = r.relid
                            AND taken.attnum = r.attnum
                    )
                ORDER BY 1
            LOOP
                RAISE WARNING '%', late.warned;
            END LOOP;
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
