--liquibase formatted sql logicalFilePath:org/registrybbm/db/batched-migrations-gates.sql

-- What a schema change needs of batched migrations: to queue one, to go on only if some are finished, and to take one back.
-- They are functions in SQL, so that Liquibase's formatted SQL, Flyway and psql can use them too.
--
-- Errors that are meant for the author of a change have states of their own:
--   RBM01  a required batched migration is not finished, or not verified
--   RBM02  a batched migration of that name is there already and does something else
--   RBM03  a batched migration cannot be taken back, because it has changed rows

--changeset registry-bbm:record-what-can-be-verified-and-what-runs-after-what
SET LOCAL lock_timeout = '5s';

ALTER TABLE batched_background_migrations
    ADD COLUMN IF NOT EXISTS verifiable boolean,
    ADD COLUMN IF NOT EXISTS run_after text[];

COMMENT ON COLUMN batched_background_migrations.verifiable IS
    'Whether its work function can say which rows are pending, as known when it finished; NULL when nobody has looked.';
COMMENT ON COLUMN batched_background_migrations.run_after IS
    'Names of the batched migrations that must be finished before its first batch job starts; NULL for none.';
--rollback ALTER TABLE batched_background_migrations
--rollback     DROP COLUMN IF EXISTS verifiable,
--rollback     DROP COLUMN IF EXISTS run_after;

-- Whoever writes the column by whatever statement: a name that does not exist would be waited for without end, and so
-- would a cycle.

--changeset registry-bbm:refuse-circles-of-batched-background-migrations splitStatements:false stripComments:false
-- The schema itself, and not the way to it that the role of this moment has: whoever calls the functions may have another,
-- and may have tables of the same names in it.
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

SET LOCAL lock_timeout = '5s';

CREATE OR REPLACE FUNCTION check_order_of_batched_background_migrations() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    missing text;
    circle text;
BEGIN
    SELECT string_agg(quote_nullable(before), ', ')
    INTO missing
    FROM unnest(new.run_after) AS before
    WHERE before IS NULL
        OR before <> new.name
            AND NOT EXISTS (SELECT FROM batched_background_migrations WHERE name = before);
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'batched migration % is to run after %, which does not exist; queue that one first',
            quote_literal(new.name), missing
            USING ERRCODE = 'foreign_key_violation';
    END IF;

    WITH RECURSIVE later AS (
        SELECT before AS name, ARRAY[new.name, before] AS path
        FROM unnest(new.run_after) AS before
        UNION ALL
        SELECT before, path || before
        FROM later
        JOIN batched_background_migrations m USING (name)
        CROSS JOIN unnest(m.run_after) AS before
        WHERE later.name <> new.name
            AND NOT before = ANY (path[2:])
    )
    SELECT array_to_string(path, ' after ')
    INTO circle
    FROM later
    WHERE name = new.name
    LIMIT 1;
    IF circle IS NOT NULL THEN
        RAISE EXCEPTION 'batched migrations would wait for each other: %', circle
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN new;
END
$$;

CREATE OR REPLACE TRIGGER trigger_batched_background_migrations_check_order
    BEFORE INSERT OR UPDATE OF run_after ON batched_background_migrations
    FOR EACH ROW
    WHEN (new.run_after IS NOT NULL)
    EXECUTE FUNCTION check_order_of_batched_background_migrations();
--rollback DROP TRIGGER IF EXISTS trigger_batched_background_migrations_check_order ON batched_background_migrations;
--rollback DROP FUNCTION IF EXISTS check_order_of_batched_background_migrations();

-- Every state that a batched migration can be in for somebody who needs its result has a first line that never changes,
-- so that people can search for it.

--changeset registry-bbm:create-batched-migration-gate splitStatements:false stripComments:false
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

CREATE OR REPLACE FUNCTION batched_migration_near_names(misspelt text, names text[]) RETURNS text
LANGUAGE sql
IMMUTABLE
AS $$
    SELECT string_agg(quote_literal(best.name), ' or ' ORDER BY best.alike DESC, best.name)
    FROM (
        SELECT other.name, alike.score AS alike
        FROM unnest($2) AS other (name)
        CROSS JOIN LATERAL (
            -- Twice the triples of letters that both have, by the triples of each.
            SELECT 2.0 * count(*) FILTER (WHERE both_have.sides = 2) / greatest(sum(both_have.sides), 1) AS score
            FROM (
                SELECT count(DISTINCT side) AS sides
                FROM (VALUES (1, '  ' || lower(left(other.name, 100)) || ' '), (2, '  ' || lower(left($1, 100)) || ' ')) AS t (side, word)
                CROSS JOIN LATERAL generate_series(1, length(t.word) - 2) AS at
                GROUP BY substr(t.word, at, 3)
            ) AS both_have
        ) AS alike
        WHERE alike.score > 0.4
        ORDER BY alike.score DESC, other.name
        LIMIT 3
    ) AS best
$$;

COMMENT ON FUNCTION batched_migration_near_names(text, text[]) IS 'Those of some names that somebody may have meant; NULL if none is near.';

CREATE OR REPLACE FUNCTION batched_migration_gate(names text[], allow_waived boolean DEFAULT false)
RETURNS TABLE (name text, state text, message text, detail text, remedy text)
LANGUAGE sql
STABLE
SET search_path FROM CURRENT
SET jit = off
AS $$
    WITH wanted AS (
        SELECT asked AS name, min(place) AS place
        FROM unnest($1) WITH ORDINALITY AS given (asked, place)
        GROUP BY 1
    ), seen AS (
        SELECT w.place, w.name, m.id, m.job_signature_name, m.batching_strategy, m.failure_error_code, m.failure_message,
            m.code_missing_since, m.started_at, m.total_tuple_count, m.run_after, waived.rows AS waived, waived.people,
            progress.covered, left_rows.quarantined,
            CASE
                WHEN m.id IS NULL THEN 'unknown'
                WHEN m.status = 2 AND contradicted.found THEN 'running'
                WHEN m.status = 2 AND waived.rows > 0 AND NOT $2 THEN 'waived'
                WHEN m.status = 2 AND m.verified_at IS NOT NULL THEN 'verified'
                WHEN m.status = 2 AND NOT m.verifiable THEN 'unverifiable'
                WHEN m.status = 2 THEN 'unverified'
                WHEN m.status = 0 THEN 'paused'
                WHEN m.status = 3 AND m.failure_error_code IN (15, 16) THEN 'quarantined'
                WHEN m.status = 3 AND m.failure_error_code IN (3, 5) AND m.failure_message IS NOT NULL THEN 'code_missing'
                WHEN m.status = 3 THEN 'failed'
                WHEN m.code_missing_since IS NOT NULL THEN 'code_missing'
                ELSE 'running'
            END AS state,
            CASE
                WHEN w.name ~ '^[A-Za-z0-9_.:/-]+$' THEN w.name
                ELSE '''' || replace(w.name, '''', '''' || chr(92) || '''''') || ''''
            END AS typed
        FROM wanted w
        LEFT JOIN batched_background_migrations m ON m.name = w.name
        LEFT JOIN LATERAL (
            SELECT count(*) AS rows, string_agg(DISTINCT q.waived_by, ', ') AS people
            FROM batched_background_migration_quarantined_rows q
            WHERE q.batched_background_migration_id = m.id
                AND q.status = 'waived'
        ) AS waived ON true
        LEFT JOIN LATERAL (
            SELECT count(*) AS quarantined
            FROM batched_background_migration_quarantined_rows q
            WHERE q.batched_background_migration_id = m.id
                AND q.status IN ('quarantined', 'retrying')
        ) AS left_rows ON true
        LEFT JOIN LATERAL (
            SELECT sum(counted.covered) AS covered
            FROM (
                SELECT t.walk_id, t.covered_tuple_count + t.uncounted * m.batch_size AS covered
                FROM batched_background_migration_tallies t
                WHERE t.batched_background_migration_id = m.id
                UNION ALL
                SELECT j.walk_id, j.covered_tuple_count
                FROM batched_background_migration_jobs j
                WHERE j.batched_background_migration_id = m.id
                    AND j.status <> 2
            ) AS counted
            LEFT JOIN batched_background_migration_walks o ON o.id = counted.walk_id
            WHERE counted.walk_id IS NULL
                OR o.kind = 'change' AND o.pass = 1
        ) AS progress ON true
        LEFT JOIN LATERAL (
            SELECT EXISTS (
                    SELECT
                    FROM batched_background_migration_jobs open
                    WHERE open.batched_background_migration_id = m.id
                        AND open.status <> 2
                        AND (open.walk_id IS NOT NULL OR open.lease_owner IS NOT NULL)
                )
                OR EXISTS (
                    SELECT
                    FROM batched_background_migration_quarantined_rows waiting
                    WHERE waiting.batched_background_migration_id = m.id
                        AND waiting.status IN ('quarantined', 'retrying')
                )
                OR coalesce(m.batching_strategy, '') NOT IN ('NullKeySetBatchingStrategy', 'PredicateBatchingStrategy')
                    AND EXISTS (
                        SELECT
                        FROM batched_background_migration_walks uncut
                        WHERE uncut.batched_background_migration_id = m.id
                            AND NOT uncut.cut_whole
                            AND NOT (uncut.only_table AND uncut.kind = 'change' AND EXISTS (
                                SELECT
                                FROM batched_background_migration_jobs last
                                WHERE last.batched_background_migration_id = m.id
                                    AND last.max_value >= m.max_value
                                    AND last.walk_id IS NULL
                            ))
                    ) AS found
        ) AS contradicted ON true
    )
    SELECT s.name, s.state,
        format('batched migration %L ', s.name) || CASE s.state
            WHEN 'unknown' THEN 'does not exist'
            WHEN 'paused' THEN 'is paused'
            WHEN 'running' THEN 'is not finished'
            WHEN 'code_missing' THEN 'has no code to run it'
            WHEN 'failed' THEN 'has failed'
            WHEN 'quarantined' THEN 'has rows that could not be changed'
            WHEN 'waived' THEN 'is finished, but rows were waived'
            WHEN 'unverified' THEN 'is finished, but not verified'
            WHEN 'unverifiable' THEN 'is finished, but cannot be verified'
            WHEN 'verified' THEN 'is finished and verified'
        END,
        CASE s.state
            WHEN 'unknown' THEN coalesce('did you mean ' || near.names || '? ', '')
                || 'if its changeset was marked as run without running (changelog-sync, fast-forward, MARK_RAN), queue it'
            WHEN 'paused' THEN coalesce(done.text, 'no row was looked at yet') || '; nothing runs until somebody starts it'
            WHEN 'running' THEN coalesce('it runs after ' || behind.names || ', and ', '') || coalesce(done.text || coalesce(', about ' || eta.text || ' left', ''), 'no row was looked at yet')
            WHEN 'code_missing' THEN coalesce(
                s.failure_message,
                format('no replica knows its work function %L', s.job_signature_name)
                    || coalesce(format(' or its batching strategy %L', s.batching_strategy), '')
                    || to_char(s.code_missing_since AT TIME ZONE 'UTC', '", since" YYYY-MM-DD HH24:MI "UTC"'))
            WHEN 'failed' THEN coalesce('code ' || s.failure_error_code || ': ', '')
                || coalesce(s.failure_message, 'no reason was recorded')
            WHEN 'quarantined' THEN CASE s.quarantined WHEN 1 THEN '1 row waits' ELSE s.quarantined || ' rows wait' END
                || ' for a person'
            WHEN 'waived' THEN CASE s.waived WHEN 1 THEN '1 row was' ELSE s.waived || ' rows were' END
                || ' left unchanged by ' || s.people
            WHEN 'unverified' THEN 'nothing has proved yet that no row is left'
            WHEN 'unverifiable' THEN
                format('its work function %L does not say which rows are pending', s.job_signature_name)
            WHEN 'verified' THEN 'no row is left'
        END,
        CASE s.state
            WHEN 'unknown' THEN 'Run: registry background-migrate status'
            WHEN 'paused' THEN 'Run: registry background-migrate start --migration ' || s.typed
                || E'\n  or: ' || format('UPDATE batched_background_migrations SET status = 1 WHERE name = %L;', s.name)
            WHEN 'running' THEN 'Run: registry background-migrate status --migration ' || s.typed
            WHEN 'code_missing' THEN 'Deploy replicas that have this code; the migration then goes on by itself.'
                || E'\nRun: registry background-migrate status --migration ' || s.typed
            WHEN 'failed' THEN 'Mend the cause, then'
                || E'\nRun: registry background-migrate retry --migration ' || s.typed
                || E'\n  or: ' || format('UPDATE batched_background_migrations SET status = 1 WHERE name = %L;', s.name)
            WHEN 'quarantined' THEN 'Run: registry background-migrate quarantine --migration ' || s.typed
            WHEN 'waived' THEN 'If the change can bear them, say allowWaived: true (in SQL: allow_waived => true).'
                || E'\nRun: registry background-migrate quarantine --migration ' || s.typed
            WHEN 'unverified' THEN 'Run: registry background-migrate verify --migration ' || s.typed
            WHEN 'unverifiable' THEN
                'If the change needs no proof, say verified: false (in SQL: verified => false); else give the work function a pending condition.'
        END
    FROM seen s
    LEFT JOIN LATERAL (
        SELECT batched_migration_near_names(s.name, ARRAY(SELECT o.name FROM batched_background_migrations o)) AS names
        WHERE s.state = 'unknown'
    ) AS near ON true
    LEFT JOIN LATERAL (
        SELECT string_agg(
            quote_literal(one) || CASE o.status WHEN 0 THEN ', which is paused' WHEN 3 THEN ', which has failed' ELSE '' END,
            ' and ' ORDER BY place
        ) AS names
        FROM unnest(s.run_after) WITH ORDINALITY AS given (one, place)
        LEFT JOIN batched_background_migrations o ON o.name = one
        WHERE o.status IS DISTINCT FROM 2
    ) AS behind ON true
    CROSS JOIN LATERAL (
        SELECT CASE WHEN s.total_tuple_count > 0 AND s.covered > 0
            THEN to_char(least(99.9, 100.0 * s.covered / s.total_tuple_count), 'FM990.0') || ' % done'
        END AS text
    ) AS done
    CROSS JOIN LATERAL (
        SELECT CASE WHEN s.covered > 0 AND s.total_tuple_count > s.covered AND s.started_at IS NOT NULL
            THEN date_trunc(
                'second', (clock_timestamp() - s.started_at) * ((s.total_tuple_count - s.covered) / s.covered)::float8
            )::text
        END AS text
    ) AS eta
    ORDER BY s.place
$$;

COMMENT ON FUNCTION batched_migration_gate(text[], boolean) IS
    'What stands in the way of a change that needs the result of some batched migrations; state is verified where nothing does.';
--rollback DROP FUNCTION IF EXISTS batched_migration_gate(text[], boolean);
--rollback DROP FUNCTION IF EXISTS batched_migration_near_names(text, text[]);

-- The rows stay locked until the transaction ends, so that nobody reopens a migration before the change is made that
-- relies on it.

--changeset registry-bbm:create-require-batched-migrations splitStatements:false stripComments:false
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

CREATE OR REPLACE FUNCTION require_batched_migrations(
    names text[],
    verified boolean DEFAULT true,
    allow_waived boolean DEFAULT false
) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
SET lock_timeout = '10s'
AS $$
DECLARE
    gate record;
    refusals text[] := '{}';
BEGIN
    IF coalesce(array_ndims($1), 0) <> 1 OR array_position($1, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'require_batched_migrations needs the names of batched migrations, such as ''{widen_order_ids}'''
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM FROM batched_background_migrations m WHERE m.name = ANY ($1) ORDER BY m.id FOR SHARE;
    FOR gate IN SELECT * FROM batched_migration_gate($1, coalesce($3, false)) LOOP
        IF gate.state <> 'verified'
            AND (coalesce($2, true) OR gate.state NOT IN ('unverified', 'unverifiable'))
        THEN
            refusals := refusals || concat_ws(E'\n', gate.message, '  ' || gate.detail, gate.remedy);
        ELSIF EXISTS (
            SELECT
            FROM batched_background_migration_quarantined_rows q
            JOIN batched_background_migrations m ON m.id = q.batched_background_migration_id
            WHERE m.name = gate.name
                AND q.status = 'waived'
        ) THEN
            RAISE NOTICE 'batched migration % has waived rows; allow_waived lets the change pass', quote_literal(gate.name);
        END IF;
    END LOOP;
    IF cardinality(refusals) > 0 THEN
        RAISE EXCEPTION '%', array_to_string(refusals, E'\n')
            USING ERRCODE = 'RBM01';
    END IF;
END
$$;

COMMENT ON FUNCTION require_batched_migrations(text[], boolean, boolean) IS
    'Fails with SQLSTATE RBM01 unless all of some batched migrations are finished and, by default, verified.';
--rollback DROP FUNCTION IF EXISTS require_batched_migrations(text[], boolean, boolean);

-- pg_partition_tree would lock each partition, of which there may be more than the server has room for locks.

--changeset registry-bbm:create-batched-migration-leaves splitStatements:false stripComments:false
CREATE OR REPLACE FUNCTION batched_migration_leaves(tree regclass) RETURNS SETOF regclass
LANGUAGE sql
STABLE
AS $$
    WITH RECURSIVE tables AS (
        SELECT tree::oid AS oid
        UNION ALL
        SELECT i.inhrelid
        FROM pg_catalog.pg_inherits i
        JOIN tables t ON t.oid = i.inhparent
    )
    SELECT t.oid::regclass
    FROM tables t
    JOIN pg_catalog.pg_class c ON c.oid = t.oid
    WHERE c.relkind <> 'p'
$$;

COMMENT ON FUNCTION batched_migration_leaves(regclass) IS
    'The tables that hold the rows of a table: itself, or its partitions.';
--rollback DROP FUNCTION IF EXISTS batched_migration_leaves(regclass);

-- A table without rows has nothing to change. One without a single block has none for certain. Otherwise it is read, and
-- rows that a transaction has inserted and not committed yet cannot be seen: so a table that somebody else is writing to is
-- not taken for empty. The look at the locks comes first, because whoever starts to write after it inserts rows later than
-- the migration was queued, and those are the application's to get right.

--changeset registry-bbm:create-finish-batched-migrations-of-empty-tables splitStatements:false stripComments:false
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

CREATE OR REPLACE FUNCTION finish_batched_migrations_of_empty_tables(names text[]) RETURNS SETOF text
LANGUAGE plpgsql
SET search_path FROM CURRENT
SET row_security = off
AS $$
DECLARE
    m record;
    target regclass;
    leaves bigint;
    plain boolean;
    blank boolean;
    filled boolean;
BEGIN
    FOR m IN
        SELECT id, name, table_name
        FROM batched_background_migrations
        WHERE name = ANY ($1)
            AND status IN (0, 1)
            AND started_at IS NULL
            AND failure_error_code IS NULL
            -- The one before may be what fills the table.
            AND NOT EXISTS (
                SELECT
                FROM batched_background_migrations before
                WHERE before.name = ANY (batched_background_migrations.run_after)
                    AND before.status <> 2
            )
            AND NOT EXISTS (
                SELECT
                FROM batched_background_migration_jobs
                WHERE batched_background_migration_id = batched_background_migrations.id
            )
            AND NOT EXISTS (
                SELECT
                FROM batched_background_migration_walks
                WHERE batched_background_migration_id = batched_background_migrations.id
            )
        ORDER BY id
        FOR UPDATE
    LOOP
        BEGIN
            target := to_regclass(m.table_name);
        EXCEPTION
            WHEN OTHERS THEN
                -- Whatever is wrong with the name, the engine says it when it plans the migration.
                target := NULL;
        END;
        CONTINUE WHEN target IS NULL;
        SELECT count(*), coalesce(bool_and(c.relkind = 'r'), true), coalesce(bool_and(pg_relation_size(c.oid) = 0), true)
        INTO leaves, plain, blank
        FROM batched_migration_leaves(target) AS leaf
        JOIN pg_class c ON c.oid = leaf;
        -- Of views and foreign tables the engine says that it does not take them.
        CONTINUE WHEN NOT plain;
        IF NOT blank THEN
            -- To read more of them at once may take more locks than the server has; and a snapshot that was taken before does
            -- not show what others have committed since.
            CONTINUE WHEN leaves > 500 OR current_setting('transaction_isolation') <> 'read committed';
            CONTINUE WHEN EXISTS (
                SELECT
                FROM pg_locks l
                WHERE l.locktype = 'relation'
                    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    AND l.relation IN (SELECT leaf::oid FROM batched_migration_leaves(target) AS leaf)
                    AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
                    AND l.granted
                    -- A prepared transaction has no process.
                    AND l.pid IS DISTINCT FROM pg_backend_pid()
            );
            BEGIN
                EXECUTE format('SELECT EXISTS (SELECT FROM %s)', target) INTO filled;
            EXCEPTION
                WHEN insufficient_privilege THEN
                    filled := true;
            END;
            CONTINUE WHEN filled;
        END IF;
        UPDATE batched_background_migrations
        SET status = 2, -- finished
            finished_at = now(),
            verified_at = now(),
            verifiable = true,
            total_tuple_count = 0
        WHERE id = m.id;
        INSERT INTO batched_background_migration_events (batched_background_migration_id, event, reason)
        VALUES (m.id, 'verified', 'its table was empty when it was queued');
        RETURN NEXT m.name;
    END LOOP;
END
$$;

COMMENT ON FUNCTION finish_batched_migrations_of_empty_tables(text[]) IS
    'Finishes batched migrations that never started and whose tables are empty; returns their names.';
--rollback DROP FUNCTION IF EXISTS finish_batched_migrations_of_empty_tables(text[]);

--changeset registry-bbm:create-queue-batched-migration splitStatements:false stripComments:false
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

CREATE OR REPLACE FUNCTION queue_batched_migration(
    name text,
    table_name text,
    work_function text,
    arguments jsonb DEFAULT NULL,
    key_columns text DEFAULT NULL,
    null_column text DEFAULT NULL,
    strategy text DEFAULT NULL,
    first_key bigint DEFAULT NULL,
    last_key bigint DEFAULT NULL,
    batch_size integer DEFAULT 10000,
    batch_size_fixed boolean DEFAULT false,
    batch_size_min integer DEFAULT NULL,
    batch_size_max integer DEFAULT NULL,
    sub_batch_size_min integer DEFAULT NULL,
    sub_batch_size_max integer DEFAULT NULL,
    priority integer DEFAULT 0,
    quarantine_limit integer DEFAULT 100,
    batch_jobs integer DEFAULT NULL,
    rows_per_second bigint DEFAULT NULL,
    start_paused boolean DEFAULT false,
    run_after text[] DEFAULT NULL
) RETURNS text
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    columns text;
    part text;
    ident text[];
    stored text;
    differences text;
BEGIN
    IF coalesce(trim($1), '') = '' OR coalesce(trim($3), '') = '' THEN
        RAISE EXCEPTION 'queue_batched_migration needs a name and a work_function' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF num_nonnulls($5, $6, CASE WHEN $7 IN ('byPredicate', 'byBlocks') THEN $7 END) <> 1
        OR $7 NOT IN ('byKey', 'byNull', 'byPredicate', 'byBlocks')
        OR $7 = 'byKey' AND $5 IS NULL
        OR $7 = 'byNull' AND $6 IS NULL
    THEN
        RAISE EXCEPTION 'batched migration % needs one way to cut its table: key_columns, null_column, or strategy byPredicate or byBlocks',
            quote_literal($1)
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF num_nonnulls($8, $9) > 0 AND $5 IS NULL OR $8 > $9 THEN
        RAISE EXCEPTION 'the bounds of batched migration % need key_columns, and first_key must not be greater than last_key',
            quote_literal($1)
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    columns := coalesce($5, $6, 'ctid');
    stored := CASE
        WHEN $6 IS NOT NULL THEN 'NullKeySetBatchingStrategy'
        WHEN $7 = 'byPredicate' THEN 'PredicateBatchingStrategy'
        WHEN $7 = 'byBlocks' THEN 'BlockBatchingStrategy'
    END;
    IF coalesce(cardinality(parse_ident($2)), 0) <> 2 OR to_regclass($2) IS NULL THEN
        RAISE EXCEPTION 'batched migration % names the table %, which does not exist; write it as <schema>.<table>, quoted as in SQL if necessary',
            quote_literal($1), coalesce(quote_literal($2), 'NULL')
            USING ERRCODE = 'undefined_table';
    END IF;
    IF columns <> 'ctid' THEN
        -- A comma within quotes is part of a name.
        FOREACH part IN ARRAY regexp_split_to_array(columns, ',(?=(?:[^"]*"[^"]*")*[^"]*$)') LOOP
            BEGIN
                ident := parse_ident(trim(part));
            EXCEPTION
                WHEN invalid_parameter_value THEN
                    ident := '{}';
            END;
            IF cardinality(ident) <> 1 OR NOT EXISTS (
                SELECT
                FROM pg_attribute a
                WHERE a.attrelid = to_regclass($2)
                    AND a.attname = ident[1]
                    AND a.attnum > 0
                    AND NOT a.attisdropped
            ) THEN
                RAISE EXCEPTION 'batched migration % names the column %, which % does not have; it has %',
                    quote_literal($1), quote_literal(trim(part)), to_regclass($2), (
                        SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
                        FROM pg_attribute a
                        WHERE a.attrelid = to_regclass($2)
                            AND a.attnum > 0
                            AND NOT a.attisdropped
                    )
                    USING ERRCODE = 'undefined_column';
            END IF;
        END LOOP;
    END IF;
    IF $10 < 1 OR $4 IS NOT NULL AND jsonb_typeof($4) <> 'object' THEN
        RAISE EXCEPTION 'batched migration % needs a batch_size of at least 1, and arguments that are a JSON object', quote_literal($1)
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    INSERT INTO batched_background_migrations (
        name, status, job_signature_name, arguments, table_name, column_name, batching_strategy, min_value, max_value,
        batch_size, batch_size_fixed, batch_size_min, batch_size_max, sub_batch_size_min, sub_batch_size_max, priority,
        quarantine_limit, run_after
    )
    VALUES (
        $1, CASE WHEN $20 THEN 0 ELSE 1 END, $3, $4, $2, columns, stored,
        CASE WHEN $5 IS NULL THEN 0 ELSE coalesce($8, -9223372036854775808) END,
        CASE WHEN $5 IS NULL THEN 0 ELSE coalesce($9, 9223372036854775807) END,
        coalesce($10, 10000), coalesce($11, false), $12, $13, $14, $15, coalesce($16, 0), coalesce($17, 100), nullif($21, '{}')
    )
    ON CONFLICT (name) DO NOTHING;
    IF NOT FOUND THEN
        SELECT concat_ws(', ',
            CASE WHEN m.job_signature_name <> $3 THEN 'its work function is ' || m.job_signature_name END,
            CASE WHEN m.arguments IS DISTINCT FROM $4 THEN 'its arguments are ' || coalesce(m.arguments::text, 'NULL') END,
            CASE WHEN m.table_name <> $2 THEN 'its table is ' || m.table_name END,
            CASE WHEN m.column_name <> columns THEN 'its columns are ' || m.column_name END,
            CASE WHEN m.batching_strategy IS DISTINCT FROM stored
                THEN 'its strategy is ' || coalesce(m.batching_strategy, 'ranges of a key') END)
        INTO differences
        FROM batched_background_migrations m
        WHERE m.name = $1;
        IF differences <> '' THEN
            RAISE EXCEPTION 'a batched migration % is there already and is another one: %; nothing was changed; give the new one a name of its own',
                quote_literal($1), differences
                USING ERRCODE = 'RBM02';
        END IF;
        RETURN 'was queued already';
    END IF;
    IF num_nonnulls($18, $19) > 0 THEN
        INSERT INTO batched_background_migration_budgets AS b (scope, subject, batch_jobs, rows_per_second, updated_at)
        VALUES ('migration', $1, $18, $19, now())
        ON CONFLICT (scope, subject) DO UPDATE
        SET batch_jobs = coalesce(excluded.batch_jobs, b.batch_jobs),
            rows_per_second = coalesce(excluded.rows_per_second, b.rows_per_second),
            updated_at = now();
    END IF;
    IF EXISTS (SELECT FROM finish_batched_migrations_of_empty_tables(ARRAY[$1])) THEN
        RETURN 'is finished: its table is empty';
    END IF;
    RETURN CASE WHEN $20 THEN 'is queued and paused' ELSE 'is queued' END;
END
$$;

COMMENT ON FUNCTION queue_batched_migration IS
    'Queues a batched migration unless one of that name and definition is there; says what has become of it.';
--rollback DROP FUNCTION IF EXISTS queue_batched_migration;

--changeset registry-bbm:create-unqueue-batched-migration splitStatements:false stripComments:false
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);

CREATE OR REPLACE FUNCTION unqueue_batched_migration(name text) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    m record;
BEGIN
    SELECT o.id, o.started_at IS NOT NULL OR EXISTS (
            SELECT
            FROM batched_background_migration_jobs j
            WHERE j.batched_background_migration_id = o.id
        ) AS started
    INTO m
    FROM batched_background_migrations o
    WHERE o.name = $1
    FOR UPDATE;
    IF m.started THEN
        RAISE EXCEPTION 'batched migration % has started and cannot be taken back: rows have been changed; a rollback of its changeset must say what becomes of them',
            quote_literal($1)
            USING ERRCODE = 'RBM03';
    END IF;
    IF EXISTS (SELECT FROM batched_background_migrations o WHERE $1 = ANY (o.run_after)) THEN
        RAISE EXCEPTION 'batched migration % cannot be taken back: % runs after it; take that one back first',
            quote_literal($1), (
                SELECT string_agg(quote_literal(o.name), ', ') FROM batched_background_migrations o WHERE $1 = ANY (o.run_after)
            )
            USING ERRCODE = 'RBM03';
    END IF;
    DELETE FROM batched_background_migrations o WHERE o.id = m.id;
    DELETE FROM batched_background_migration_budgets b WHERE b.scope = 'migration' AND b.subject = $1;
END
$$;

COMMENT ON FUNCTION unqueue_batched_migration(text) IS
    'Takes back a batched migration that has not started; fails with SQLSTATE RBM03 if it has.';
--rollback DROP FUNCTION IF EXISTS unqueue_batched_migration(text);

-- ALTER TABLE waits for everybody who has touched the table in an open transaction, and whoever comes later waits behind it.
-- So a step that needs a table for itself takes two locks. The first lets readers and writers pass, and makes an autovacuum
-- give way, which takes a second. The second is the strong one, tried for 200 ms in all, again and again while the first is
-- held. While a transaction is open that has used the table for more than a second, a try would only hold up the others.
-- No search_path of its own: the step means the tables that its caller means.

--changeset registry-bbm:create-run-short-step splitStatements:false stripComments:false
CREATE OR REPLACE FUNCTION run_short_step(tables text[], step text) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    before text := pg_catalog.current_setting('lock_timeout');
    longest interval := coalesce(nullif(pg_catalog.current_setting('registry_bbm.longest_wait', true), ''), '200ms')::interval;
    most_ms integer;
    named text;
    tries integer := 0;
    waits integer := 0;
    busy boolean;
    nameless text[];
    nameless_before text[] := '{}';
BEGIN
    IF coalesce(pg_catalog.cardinality(tables), 0) = 0 OR step IS NULL THEN
        RAISE EXCEPTION 'run_short_step needs the tables that the step locks, and the step' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF longest NOT BETWEEN interval '1ms' AND interval '60s' THEN
        RAISE EXCEPTION 'registry_bbm.longest_wait is %, but must be between 1ms and 60s', longest USING ERRCODE = 'invalid_parameter_value';
    END IF;
    most_ms := extract(epoch FROM longest) * 1000;
    -- In one order everywhere, so that two steps never wait for each other.
    SELECT pg_catalog.string_agg(one::regclass::text, ', ' ORDER BY one::regclass::oid)
    INTO named
    FROM pg_catalog.unnest(tables) AS one;
    PERFORM pg_catalog.set_config('lock_timeout', '10s', true);
    EXECUTE pg_catalog.format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', named);
    LOOP
        -- What a transaction has seen of the others it would go on to see until its end.
        PERFORM pg_catalog.pg_stat_clear_snapshot();
        SELECT coalesce(pg_catalog.bool_or(a.xact_start < pg_catalog.clock_timestamp() - 5 * longest), false),
            pg_catalog.array_agg(l.virtualtransaction) FILTER (WHERE a.xact_start IS NULL)
        INTO busy, nameless
        FROM pg_catalog.pg_locks l
        LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'relation'
            AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
            AND l.relation = ANY (tables::regclass[]::oid[])
            AND l.granted
            AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid();
        -- When the transactions of other roles began, only they are told who may read all statistics. One that was there a
        -- second ago is old enough.
        busy := busy OR nameless && nameless_before OR nameless IS NOT NULL AND waits = 0;
        nameless_before := coalesce(nameless, '{}');
        IF busy AND waits < 60 THEN
            waits := waits + 1;
            PERFORM pg_catalog.pg_sleep(CASE WHEN nameless IS NULL THEN least(0.1 * waits, 2) ELSE greatest(1, least(0.1 * waits, 2)) END);
            CONTINUE;
        END IF;
        tries := tries + 1;
        BEGIN
            -- The limit is for each table, and the first is held while the next is waited for.
            PERFORM pg_catalog.set_config('lock_timeout', greatest(1, most_ms / pg_catalog.cardinality(tables)) || 'ms', true);
            EXECUTE pg_catalog.format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', named);
            -- It may need locks of its own, as of a sequence.
            EXECUTE step;
            EXIT;
        EXCEPTION
            WHEN lock_not_available OR deadlock_detected THEN
                IF tries = 40 THEN
                    RAISE EXCEPTION '% could not be locked in % tries of %; other transactions hold it for longer', named, tries, longest
                        USING ERRCODE = 'lock_not_available',
                            HINT = 'Run the same again when fewer of them are there, or let everybody wait for longer in this '
                                || 'session: SET registry_bbm.longest_wait = ''2s''';
                END IF;
                PERFORM pg_catalog.pg_sleep(0.2 + pg_catalog.random() / 2);
        END;
    END LOOP;
    PERFORM pg_catalog.set_config('lock_timeout', before, true);
END
$$;

COMMENT ON FUNCTION run_short_step(text[], text) IS
    'Runs statements that need tables for themselves, without making the application wait for longer than registry_bbm.longest_wait at a time, which is 200 ms if it is not set.';
--rollback DROP FUNCTION IF EXISTS run_short_step(text[], text);

-- A program that starts compares it with what it needs. Whoever changes the schema raises version, and least_program too if
-- the programs of before can no longer work with it.

--changeset registry-bbm:record-the-version-of-the-schema
CREATE TABLE IF NOT EXISTS batched_background_migration_schema (
    only_row boolean NOT NULL DEFAULT true,
    version integer NOT NULL,
    least_program integer NOT NULL,
    CONSTRAINT pk_batched_background_migration_schema PRIMARY KEY (only_row),
    CONSTRAINT check_batched_background_migration_schema_only_row CHECK (only_row)
);

COMMENT ON TABLE batched_background_migration_schema IS
    'The version of the schema of batched migrations, one row.';
COMMENT ON COLUMN batched_background_migration_schema.version IS
    'Programs that need a greater one refuse to start.';
COMMENT ON COLUMN batched_background_migration_schema.least_program IS
    'Programs of a smaller version refuse to start: they would not work with this schema.';

INSERT INTO batched_background_migration_schema (version, least_program)
VALUES (1, 1)
ON CONFLICT DO NOTHING;
--rollback DROP TABLE IF EXISTS batched_background_migration_schema;
