package org.registrybbm.scheduler.chaos;

import java.time.Duration;

/** Something that goes wrong, or that people do. Its components come from the seed alone. */
sealed interface Fault {
    /** Does it, and undoes it where that is part of it. Runs in a thread of its own. */
    void on(Stage stage) throws Exception;

    /** SIGKILL of a replica; another one starts in its place. */
    record Kill(int place) implements Fault {
        @Override
        public void on(Stage stage) throws Exception {
            stage.replicas().at(place, replica -> {
                replica.kill();
                return stage.replicas().start(place, false);
            });
        }
    }

    /** SIGSTOP for longer than every lease and time-out, then SIGCONT. */
    record Freeze(int place, Duration howLong) implements Fault {
        @Override
        public void on(Stage stage) throws Exception {
            stage.replicas().at(place, replica -> {
                replica.freeze(howLong);
                return replica;
            });
        }
    }

    /** PostgreSQL ends at once, and starts again on the same data. */
    record CrashServer(Duration down) implements Fault {
        @Override
        public void on(Stage stage) throws Exception {
            stage.crashServer(down);
        }
    }

    /** One connection of a pool is terminated by PostgreSQL, a busy one if there is one. */
    record TerminateBackend(Pool pool, int which) implements Fault {
        @Override
        public void on(Stage stage) {
            stage.main().sql("""
                    SELECT pg_terminate_backend(pid)
                    FROM (
                        SELECT pid
                        FROM pg_stat_activity
                        WHERE application_name ~ '%s'
                        ORDER BY state = 'idle', pid
                        OFFSET %d
                        LIMIT 1
                    ) one
                    """.formatted(pool == Pool.QUARTZ ? "^[rs]\\d+-\\d+-quartz$" : "^[rs]\\d+-\\d+$", which));
        }
    }

    /** A connection is cut between statement and COMMIT, or between COMMIT and its answer. */
    record CutConnection(Pool pool, CommitProxy.Cut cut) implements Fault {
        @Override
        public void on(Stage stage) {
            stage.proxy(pool).arm(cut);
        }
    }

    /** The network between a pool of every replica and PostgreSQL swallows everything for a while. */
    record LoseRoute(Pool pool, Duration howLong) implements Fault {
        @Override
        public void on(Stage stage) throws Exception {
            stage.proxy(pool).loseRoute(howLong);
        }
    }

    /** The clock of a replica jumps. */
    record JumpClock(int place, Duration offset) implements Fault {
        @Override
        public void on(Stage stage) throws Exception {
            stage.replicas().at(place, replica -> {
                replica.tell("clock " + offset.toMillis());
                return replica;
            });
        }
    }

    /** A replica finds no free connection for rows. */
    record ExhaustPool(int place, Duration howLong) implements Fault {
        @Override
        public void on(Stage stage) throws Exception {
            stage.replicas().at(place, replica -> {
                replica.tell("exhaust " + howLong.toMillis());
                return replica;
            });
        }
    }

    /** An operator pauses a migration by plain SQL, sees that it obeys, and starts it again. */
    record Pause(int service, int workload, Duration howLong) implements Fault {
        @Override
        public void on(Stage stage) throws Exception {
            stage.service(service).round().pause(workload, howLong);
        }
    }

    /** An operator changes the budgets by plain SQL, and later changes them back. */
    record ChangeBudgets(int service, int batchJobs, int rowsPerSecond, Duration howLong) implements Fault {
        @Override
        public void on(Stage stage) throws Exception {
            Service here = stage.service(service);
            here.setBudgets(Integer.toString(batchJobs), Integer.toString(rowsPerSecond));
            Stage.pass(howLong);
            here.setBudgets(Service.BATCH_JOBS, "NULL");
        }
    }

    /** Every replica is replaced, one after the other: SIGTERM, and a new one when it ended. */
    record RollingDeploy() implements Fault {
        @Override
        public void on(Stage stage) throws Exception {
            for (int i = 0; i < Replicas.COUNT; i++) {
                int place = i;
                stage.replicas().at(place, replica -> {
                    replica.terminate();
                    return stage.replicas().start(place, false);
                });
            }
        }
    }

    /** The replica at the first place is replaced by one whose code is old; the others have the code. */
    record RollBack() implements Fault {
        @Override
        public void on(Stage stage) throws Exception {
            stage.replicas().at(0, replica -> {
                replica.terminate();
                return stage.replicas().start(0, true);
            });
        }
    }

    /** The application moves rows to other partitions. */
    record MoveRows(int some) implements Fault {
        @Override
        public void on(Stage stage) {
            Target target = stage.main().round().target(Workload.MOVED);
            // The application may have inserted a row there that has the same key.
            stage.main().insist("""
                    UPDATE %1$s AS one SET tenant = (tenant + 1) %% 16
                    WHERE uid %% 5 = %2$d
                        AND NOT EXISTS (
                            SELECT FROM %1$s AS other WHERE other.id = one.id AND other.tenant = (one.tenant + 1) %% 16
                        )
                    """.formatted(target.table(), some % 5));
        }
    }

    /** Somebody edits the definition of a migration whose work says what is pending: it starts anew. */
    record EditDefinition() implements Fault {
        @Override
        public void on(Stage stage) {
            stage.main().insist("""
                    UPDATE batched_background_migrations
                    SET column_name = CASE column_name WHEN 'id' THEN 'uid' ELSE 'id' END
                    WHERE name = '%s' AND status IN (1, 4)
                    """.formatted(
                            stage.main().round().target(Workload.EDITED).migration()));
        }
    }

    /** Somebody edits the definition of a migration whose work does not say it, sees it refused and sets it back. */
    record EditInVain() implements Fault {
        @Override
        public void on(Stage stage) {
            stage.main()
                    .round()
                    .editInVain(stage.main().round().target(Workload.INSISTING).migration());
        }
    }

    /** Partitions, and the engine's own list of walks, get other object ids, as in a database that was restored. */
    record RestoreTables() implements Fault {
        @Override
        public void on(Stage stage) {
            stage.main()
                    .insist(Restore.of(
                            stage.main().round().target(Workload.PARTED).table()));
        }
    }

    /** Somebody's transaction keeps its snapshot, as of a dump or a report, or of somebody who also writes. */
    record OldTransaction(int service, boolean writes, int workload, Duration howLong) implements Fault {
        @Override
        public void on(Stage stage) throws Exception {
            Service here = stage.service(service);
            String statements = writes ? Person.SNAPSHOT_WITH_XID : Person.SNAPSHOT;
            String table = here.round().any(workload).table();
            Person.thinks(here, statements.formatted(table), howLong, !writes);
        }
    }

    /** A person locks something, thinks, and commits or rolls back. */
    record HoldLocks(int service, Grip grip, int some, boolean commits, Duration howLong) implements Fault {
        @Override
        public void on(Stage stage) throws Exception {
            Service here = stage.service(service);
            String statements = grip.of(here.round().any(some), some);
            Person.thinks(here, statements, howLong, commits);
        }
    }

    /** The next calls of work functions in a replica throw an Error, or hang. */
    record BreakWork(int place, Ailment ailment, Ailment.Call call, int calls, Duration hang) implements Fault {
        @Override
        public void on(Stage stage) throws Exception {
            stage.replicas().at(place, replica -> {
                replica.tell("ail %s %s %d %d".formatted(ailment, call, calls, hang.toMillis()));
                return replica;
            });
        }
    }

    /** The two pools of a replica. */
    enum Pool {
        ROWS,
        QUARTZ
    }
}
