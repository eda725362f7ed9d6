-- Three roles of PostgreSQL with no more rights than they need:
--
--   owner     runs 'registry db migrate' and owns all that it makes
--   worker    runs replicas; with it people also pause, start, retry and waive
--   observer  only looks: status, events, quarantine, budget
--
-- Run it in psql as a superuser, in the database of the batched migrations, before the first 'registry db migrate', and again after each,
-- then as the owner if you like:
--
--   psql -d registry -v ON_ERROR_STOP=1 -v owner=bbm_owner -v worker=bbm_worker -v observer=bbm_observer \
--       -v tables='{public.manifests,public.blobs}' -f roles.sql
--
-- 'tables' are those whose rows batched migrations change; their partitions are included. The worker may read and update all their columns.
-- If some are enough, leave the table out and grant these columns yourself. The roles get no passwords here; set them with \password.
-- The engine's tables are in the schema that is first on the search path. Nothing is taken away from anybody, and it may be run again.

-- psql puts no variables into the bodies below, so they are handed over as settings of this session.
SELECT
    set_config('registry_bbm.owner', :'owner', false) AS owner,
    set_config('registry_bbm.worker', :'worker', false) AS worker,
    set_config('registry_bbm.observer', :'observer', false) AS observer,
    set_config('registry_bbm.tables', :'tables', false) AS tables;

DO $$
DECLARE
    the_owner CONSTANT text := quote_ident(current_setting('registry_bbm.owner'));
    the_worker CONSTANT text := quote_ident(current_setting('registry_bbm.worker'));
    the_observer CONSTANT text := quote_ident(current_setting('registry_bbm.observer'));
    the_database CONSTANT text := quote_ident(current_database());
    the_schema CONSTANT text := quote_ident(current_schema());
    one record;
BEGIN
    FOR one IN
        SELECT name
        FROM unnest(ARRAY[the_owner, the_worker, the_observer]) AS name
        WHERE NOT EXISTS (SELECT FROM pg_roles WHERE quote_ident(rolname) = name)
    LOOP
        EXECUTE format('CREATE ROLE %s LOGIN', one.name);
    END LOOP;

    -- The changelog of the container registry also makes the schema 'partitions'.
    EXECUTE format('GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %s TO %s', the_database, the_owner);
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %s TO %s', the_schema, the_owner);

    -- The engine notes in a temporary table what a sub-batch has done.
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %s TO %s', the_database, the_worker);
    EXECUTE format('GRANT CONNECT ON DATABASE %s TO %s', the_database, the_observer);
    EXECUTE format('GRANT USAGE ON SCHEMA %s TO %s, %s', the_schema, the_worker, the_observer);

    -- What is not listed here is kept by triggers and by the schema changes.
    FOR one IN
        SELECT
            c.oid::regclass AS relation,
            CASE
                WHEN relname ~ '^qrtz_' THEN 'SELECT, INSERT, UPDATE, DELETE'
                WHEN relname ~ '_(jobs|walks|events|budgets|samples|messages|told|request_keys)$' THEN 'SELECT, INSERT, UPDATE, DELETE'
                WHEN relname ~ '_(migrations|quarantined_rows|webhook|verifications)$' THEN 'SELECT, INSERT, UPDATE'
                ELSE 'SELECT'
            END AS rights
        FROM pg_class c
        WHERE relnamespace = current_schema()::regnamespace
            AND relkind = 'r'
            AND relname ~ '^(batched_background_migration|qrtz_)'
        ORDER BY relname
    LOOP
        EXECUTE format('GRANT %s ON %s TO %s', one.rights, one.relation, the_worker);
        -- Answers to programs are theirs.
        IF one.relation::text !~ '(qrtz_|_request_keys)' THEN
            EXECUTE format('GRANT SELECT ON %s TO %s', one.relation, the_observer);
        END IF;
    END LOOP;
    FOR one IN
        SELECT c.oid::regclass AS relation
        FROM pg_class c
        WHERE relnamespace = current_schema()::regnamespace
            AND relkind = 'S'
            AND relname = 'batched_background_migration_lease_tokens'
    LOOP
        EXECUTE format('GRANT USAGE ON SEQUENCE %s TO %s', one.relation, the_worker);
    END LOOP;
END
$$;

-- The tables whose rows are changed, each of their partitions, and the sequences from which their columns take numbers.
DO $$
DECLARE
    the_worker CONSTANT text := quote_ident(current_setting('registry_bbm.worker'));
    one record;
BEGIN
    FOR one IN
        SELECT DISTINCT
            n.nspname AS namespace,
            c.oid::regclass AS relation
        FROM unnest(current_setting('registry_bbm.tables')::text[]) AS named
        CROSS JOIN LATERAL (
            SELECT to_regclass(named)
            UNION
            SELECT relid FROM pg_partition_tree(to_regclass(named))
        ) AS tree (relid)
        JOIN pg_class c ON c.oid = tree.relid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        ORDER BY 2
    LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %s', one.namespace, the_worker);
        EXECUTE format('GRANT SELECT, UPDATE ON %s TO %s', one.relation, the_worker);
    END LOOP;
    FOR one IN
        SELECT DISTINCT s.oid::regclass AS sequence
        FROM unnest(current_setting('registry_bbm.tables')::text[]) AS named
        CROSS JOIN LATERAL (
            SELECT objid
            FROM pg_depend
            WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND refobjid = to_regclass(named)
            UNION
            SELECT d.refobjid
            FROM pg_attrdef a
            JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid AND d.refclassid = 'pg_class'::regclass
            WHERE a.adrelid = to_regclass(named)
        ) AS used (objid)
        JOIN pg_class s ON s.oid = used.objid AND s.relkind = 'S'
    LOOP
        EXECUTE format('GRANT USAGE ON SEQUENCE %s TO %s', one.sequence, the_worker);
    END LOOP;
END
$$;

-- The tables that were named and are not there (yet). Run the script again once they are.
SELECT named AS missing_table
FROM unnest(current_setting('registry_bbm.tables')::text[]) AS named
WHERE to_regclass(named) IS NULL;
