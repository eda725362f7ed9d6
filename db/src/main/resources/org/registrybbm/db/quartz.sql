--liquibase formatted sql logicalFilePath:org/registrybbm/db/quartz.sql

-- The tables of the JDBC job store of Quartz 2.5 with the prefix QRTZ_, in the types of its PostgreSQL delegate:
-- boolean flags, bytea for serialised data, bigint milliseconds for times. Quartz writes their names in capitals and
-- without quotes, so PostgreSQL knows them in lower case.
--
-- An application that uses Quartz already keeps its tables: nothing is replaced. A rollback drops only tables that
-- carry the comment of their creation here, because Liquibase also rolls back changesets that were marked as run
-- (MARK_RAN).

--changeset registry-bbm:create-quartz-tables splitStatements:false rollbackSplitStatements:false
--preconditions onFail:MARK_RAN onSqlOutput:TEST
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_class WHERE oid IN (to_regclass('qrtz_job_details'), to_regclass('qrtz_triggers'), to_regclass('qrtz_locks'))
CREATE TABLE qrtz_job_details (
    sched_name varchar(120) NOT NULL,
    job_name varchar(200) NOT NULL,
    job_group varchar(200) NOT NULL,
    description varchar(250),
    job_class_name varchar(250) NOT NULL,
    is_durable boolean NOT NULL,
    is_nonconcurrent boolean NOT NULL,
    is_update_data boolean NOT NULL,
    requests_recovery boolean NOT NULL,
    job_data bytea,
    PRIMARY KEY (sched_name, job_name, job_group)
);

CREATE TABLE qrtz_triggers (
    sched_name varchar(120) NOT NULL,
    trigger_name varchar(200) NOT NULL,
    trigger_group varchar(200) NOT NULL,
    job_name varchar(200) NOT NULL,
    job_group varchar(200) NOT NULL,
    description varchar(250),
    next_fire_time bigint,
    prev_fire_time bigint,
    priority integer,
    trigger_state varchar(16) NOT NULL,
    trigger_type varchar(8) NOT NULL,
    start_time bigint NOT NULL,
    end_time bigint,
    calendar_name varchar(200),
    misfire_instr smallint,
    job_data bytea,
    PRIMARY KEY (sched_name, trigger_name, trigger_group),
    FOREIGN KEY (sched_name, job_name, job_group)
        REFERENCES qrtz_job_details (sched_name, job_name, job_group)
);

CREATE TABLE qrtz_simple_triggers (
    sched_name varchar(120) NOT NULL,
    trigger_name varchar(200) NOT NULL,
    trigger_group varchar(200) NOT NULL,
    repeat_count bigint NOT NULL,
    repeat_interval bigint NOT NULL,
    times_triggered bigint NOT NULL,
    PRIMARY KEY (sched_name, trigger_name, trigger_group),
    FOREIGN KEY (sched_name, trigger_name, trigger_group)
        REFERENCES qrtz_triggers (sched_name, trigger_name, trigger_group)
);

CREATE TABLE qrtz_cron_triggers (
    sched_name varchar(120) NOT NULL,
    trigger_name varchar(200) NOT NULL,
    trigger_group varchar(200) NOT NULL,
    cron_expression varchar(120) NOT NULL,
    time_zone_id varchar(80),
    PRIMARY KEY (sched_name, trigger_name, trigger_group),
    FOREIGN KEY (sched_name, trigger_name, trigger_group)
        REFERENCES qrtz_triggers (sched_name, trigger_name, trigger_group)
);

CREATE TABLE qrtz_simprop_triggers (
    sched_name varchar(120) NOT NULL,
    trigger_name varchar(200) NOT NULL,
    trigger_group varchar(200) NOT NULL,
    str_prop_1 varchar(512),
    str_prop_2 varchar(512),
    str_prop_3 varchar(512),
    int_prop_1 integer,
    int_prop_2 integer,
    long_prop_1 bigint,
    long_prop_2 bigint,
    dec_prop_1 numeric(13, 4),
    dec_prop_2 numeric(13, 4),
    bool_prop_1 boolean,
    bool_prop_2 boolean,
    PRIMARY KEY (sched_name, trigger_name, trigger_group),
    FOREIGN KEY (sched_name, trigger_name, trigger_group)
        REFERENCES qrtz_triggers (sched_name, trigger_name, trigger_group)
);

CREATE TABLE qrtz_blob_triggers (
    sched_name varchar(120) NOT NULL,
    trigger_name varchar(200) NOT NULL,
    trigger_group varchar(200) NOT NULL,
    blob_data bytea,
    PRIMARY KEY (sched_name, trigger_name, trigger_group),
    FOREIGN KEY (sched_name, trigger_name, trigger_group)
        REFERENCES qrtz_triggers (sched_name, trigger_name, trigger_group)
);

CREATE TABLE qrtz_calendars (
    sched_name varchar(120) NOT NULL,
    calendar_name varchar(200) NOT NULL,
    calendar bytea NOT NULL,
    PRIMARY KEY (sched_name, calendar_name)
);

CREATE TABLE qrtz_paused_trigger_grps (
    sched_name varchar(120) NOT NULL,
    trigger_group varchar(200) NOT NULL,
    PRIMARY KEY (sched_name, trigger_group)
);

CREATE TABLE qrtz_fired_triggers (
    sched_name varchar(120) NOT NULL,
    -- The instance id and 13 digits: an instance id has at most 82 characters.
    entry_id varchar(95) NOT NULL,
    trigger_name varchar(200) NOT NULL,
    trigger_group varchar(200) NOT NULL,
    instance_name varchar(200) NOT NULL,
    fired_time bigint NOT NULL,
    sched_time bigint NOT NULL,
    priority integer NOT NULL,
    state varchar(16) NOT NULL,
    job_name varchar(200),
    job_group varchar(200),
    is_nonconcurrent boolean,
    requests_recovery boolean,
    PRIMARY KEY (sched_name, entry_id)
);

CREATE TABLE qrtz_scheduler_state (
    sched_name varchar(120) NOT NULL,
    instance_name varchar(200) NOT NULL,
    last_checkin_time bigint NOT NULL,
    checkin_interval bigint NOT NULL,
    PRIMARY KEY (sched_name, instance_name)
);

CREATE TABLE qrtz_locks (
    sched_name varchar(120) NOT NULL,
    lock_name varchar(40) NOT NULL,
    PRIMARY KEY (sched_name, lock_name)
);

CREATE INDEX idx_qrtz_j_req_recovery
    ON qrtz_job_details (sched_name, requests_recovery);
CREATE INDEX idx_qrtz_j_grp
    ON qrtz_job_details (sched_name, job_group);

CREATE INDEX idx_qrtz_t_jg
    ON qrtz_triggers (sched_name, job_group);
CREATE INDEX idx_qrtz_t_c
    ON qrtz_triggers (sched_name, calendar_name);
CREATE INDEX idx_qrtz_t_g
    ON qrtz_triggers (sched_name, trigger_group);
CREATE INDEX idx_qrtz_t_state
    ON qrtz_triggers (sched_name, trigger_state);
CREATE INDEX idx_qrtz_t_n_state
    ON qrtz_triggers (sched_name, trigger_name, trigger_group, trigger_state);
CREATE INDEX idx_qrtz_t_n_g_state
    ON qrtz_triggers (sched_name, trigger_group, trigger_state);
CREATE INDEX idx_qrtz_t_next_fire_time
    ON qrtz_triggers (sched_name, next_fire_time);
CREATE INDEX idx_qrtz_t_nft_st
    ON qrtz_triggers (sched_name, trigger_state, next_fire_time);
CREATE INDEX idx_qrtz_t_nft_misfire
    ON qrtz_triggers (sched_name, misfire_instr, next_fire_time);
CREATE INDEX idx_qrtz_t_nft_st_misfire
    ON qrtz_triggers (sched_name, misfire_instr, next_fire_time, trigger_state);
CREATE INDEX idx_qrtz_t_nft_st_misfire_grp
    ON qrtz_triggers (sched_name, misfire_instr, next_fire_time, trigger_group, trigger_state);

CREATE INDEX idx_qrtz_ft_trig_inst_name
    ON qrtz_fired_triggers (sched_name, instance_name);
CREATE INDEX idx_qrtz_ft_inst_job_req_rcvry
    ON qrtz_fired_triggers (sched_name, instance_name, requests_recovery);
CREATE INDEX idx_qrtz_ft_j_g
    ON qrtz_fired_triggers (sched_name, job_name, job_group);
CREATE INDEX idx_qrtz_ft_jg
    ON qrtz_fired_triggers (sched_name, job_group);
CREATE INDEX idx_qrtz_ft_t_g
    ON qrtz_fired_triggers (sched_name, trigger_name, trigger_group);
CREATE INDEX idx_qrtz_ft_tg
    ON qrtz_fired_triggers (sched_name, trigger_group);

COMMENT ON TABLE qrtz_job_details IS
    'Quartz: jobs. Created by Registry BBM.';
COMMENT ON TABLE qrtz_triggers IS
    'Quartz: triggers; times in milliseconds since 1970. Created by Registry BBM.';
COMMENT ON TABLE qrtz_simple_triggers IS
    'Quartz: repeat count and interval, in milliseconds, of simple triggers. Created by Registry BBM.';
COMMENT ON TABLE qrtz_cron_triggers IS
    'Quartz: expressions of cron triggers. Created by Registry BBM.';
COMMENT ON TABLE qrtz_simprop_triggers IS
    'Quartz: properties of calendar and daily triggers. Created by Registry BBM.';
COMMENT ON TABLE qrtz_blob_triggers IS
    'Quartz: triggers of other types, serialised. Created by Registry BBM.';
COMMENT ON TABLE qrtz_calendars IS
    'Quartz: calendars of excluded times, serialised. Created by Registry BBM.';
COMMENT ON TABLE qrtz_paused_trigger_grps IS
    'Quartz: paused groups of triggers. Created by Registry BBM.';
COMMENT ON TABLE qrtz_fired_triggers IS
    'Quartz: triggers that a scheduler instance has acquired or is running. Created by Registry BBM.';
COMMENT ON TABLE qrtz_scheduler_state IS
    'Quartz: scheduler instances and their last check-in, in milliseconds since 1970. Created by Registry BBM.';
COMMENT ON TABLE qrtz_locks IS
    'Quartz: rows that are locked to serialise a cluster. Created by Registry BBM.';
--rollback DO $$
--rollback DECLARE
--rollback     name text;
--rollback BEGIN
--rollback     FOREACH name IN ARRAY ARRAY[
--rollback         'qrtz_fired_triggers', 'qrtz_paused_trigger_grps', 'qrtz_scheduler_state', 'qrtz_locks', 'qrtz_calendars',
--rollback         'qrtz_simple_triggers', 'qrtz_cron_triggers', 'qrtz_simprop_triggers', 'qrtz_blob_triggers',
--rollback         'qrtz_triggers', 'qrtz_job_details'
--rollback     ] LOOP
--rollback         IF obj_description(to_regclass(name), 'pg_class') LIKE '%Created by Registry BBM.' THEN
--rollback             EXECUTE format('DROP TABLE %I', name);
--rollback         END IF;
--rollback     END LOOP;
--rollback END
--rollback $$;

-- Every change of the state of a job's triggers, the count of a job's triggers and the foreign key check of a deleted
-- job look for triggers by job. Tables that were made by the Liquibase changelog inside the Quartz jar lack this index.

--changeset registry-bbm:index-quartz-triggers-by-job splitStatements:false rollbackSplitStatements:false
--preconditions onFail:MARK_RAN onSqlOutput:TEST
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_class WHERE oid = to_regclass('idx_qrtz_t_j')
SET LOCAL lock_timeout = '5s';

CREATE INDEX idx_qrtz_t_j
    ON qrtz_triggers (sched_name, job_name, job_group);

COMMENT ON INDEX idx_qrtz_t_j IS
    'Triggers by job. Created by Registry BBM.';
--rollback DO $$
--rollback BEGIN
--rollback     IF obj_description(to_regclass('idx_qrtz_t_j'), 'pg_class') LIKE '%Created by Registry BBM.' THEN
--rollback         DROP INDEX idx_qrtz_t_j;
--rollback     END IF;
--rollback END
--rollback $$;

-- These four tables hold few rows that are written several times a firing. A change of a trigger's state or next fire
-- time touches indexed columns and leaves dead index entries: vacuum after 500 dead rows, since a share of a handful of
-- rows says nothing. The free 30 % of each page keeps a new row version beside the old one. Tables that somebody has
-- tuned already are left alone.

--changeset registry-bbm:tune-quartz-tables splitStatements:false rollbackSplitStatements:false
--preconditions onFail:MARK_RAN onSqlOutput:TEST
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_class WHERE oid IN (to_regclass('qrtz_triggers'), to_regclass('qrtz_simple_triggers'), to_regclass('qrtz_fired_triggers'), to_regclass('qrtz_job_details')) AND reloptions IS NOT NULL
ALTER TABLE qrtz_triggers SET (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 500
);
ALTER TABLE qrtz_simple_triggers SET (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 500
);
ALTER TABLE qrtz_fired_triggers SET (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 500
);
ALTER TABLE qrtz_job_details SET (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 500
);
--rollback DO $$
--rollback DECLARE
--rollback     name text;
--rollback BEGIN
--rollback     FOR name IN
--rollback         SELECT oid::regclass::text
--rollback         FROM pg_class
--rollback         WHERE oid IN (
--rollback                 to_regclass('qrtz_triggers'),
--rollback                 to_regclass('qrtz_simple_triggers'),
--rollback                 to_regclass('qrtz_fired_triggers'),
--rollback                 to_regclass('qrtz_job_details')
--rollback             )
--rollback             AND reloptions = ARRAY[
--rollback                 'fillfactor=70',
--rollback                 'autovacuum_vacuum_scale_factor=0',
--rollback                 'autovacuum_vacuum_threshold=500'
--rollback             ]
--rollback     LOOP
--rollback         EXECUTE format(
--rollback             'ALTER TABLE %s RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold)',
--rollback             name
--rollback         );
--rollback     END LOOP;
--rollback END
--rollback $$;

-- Replicas that start together on an empty table would both insert these rows, and one would fail its first lock.
-- A rollback takes them away only when no scheduler of this name has left anything else; Quartz makes them again.

--changeset registry-bbm:insert-quartz-locks
INSERT INTO qrtz_locks (sched_name, lock_name)
VALUES
    ('bbm', 'TRIGGER_ACCESS'),
    ('bbm', 'STATE_ACCESS')
ON CONFLICT DO NOTHING;
--rollback DELETE FROM qrtz_locks
--rollback WHERE sched_name = 'bbm'
--rollback     AND NOT EXISTS (SELECT FROM qrtz_scheduler_state WHERE sched_name = 'bbm')
--rollback     AND NOT EXISTS (SELECT FROM qrtz_job_details WHERE sched_name = 'bbm');
