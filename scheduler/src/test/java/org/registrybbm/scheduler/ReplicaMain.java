package org.registrybbm.scheduler;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.event.MigrationEvent;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The main of a {@link ReplicaProcess}: a replica with one worker that knows {@link AddOne}, until its standard input ends. */
public final class ReplicaMain {
    /** Where the process freezes itself, once. */
    enum Freeze {
        NEVER,
        /** In the open transaction of a sub-batch, after the change. */
        INSIDE,
        /** Right after the commit of a sub-batch. */
        BETWEEN
    }

    private ReplicaMain() {}

    /** Runs the replica. */
    public static void main(String[] args) throws Exception {
        TestDatabase database = new TestDatabase("", args[0] + "&ApplicationName=" + args[1]);
        // A process that is frozen inside a transaction of Quartz must not hold the cluster's lock for ever.
        TestDatabase forQuartz =
                new TestDatabase("", database.url() + "&options=-c%20idle_in_transaction_session_timeout=3000");
        Freeze freeze = Freeze.valueOf(args[2]);
        AtomicBoolean frozen = new AtomicBoolean(freeze == Freeze.NEVER);
        BatchedMigrations engine = BatchedMigrations.on(database)
                .presence(database)
                .replica(args[1])
                .settings(freeze == Freeze.NEVER ? Replica.SETTINGS : withShortLease())
                .workRegistry(AddOne.registry(args[1], context -> {
                    if (freeze == Freeze.INSIDE && frozen.compareAndSet(false, true)) {
                        freeze();
                    }
                }))
                .listener(event -> {
                    if (freeze == Freeze.BETWEEN
                            && event instanceof MigrationEvent.SubBatchCommitted
                            && frozen.compareAndSet(false, true)) {
                        freeze();
                    }
                })
                .build();
        BatchedMigrationScheduler scheduler = BatchedMigrationScheduler.on(engine)
                .quartzDataSource(forQuartz)
                .replica(args[1])
                .workers(1)
                .build();
        scheduler.start();
        while (System.in.read() >= 0) {
            // The parent writes nothing; the end of its pipe is the end of the parent.
        }
        Runtime.getRuntime().halt(0);
    }

    /** Leases and transactions of a frozen process end within some seconds, so that its freeze need not last long. */
    static EngineSettings withShortLease() {
        EngineSettings.Timeouts shipped = EngineSettings.Timeouts.defaults();
        return Replica.SETTINGS.toBuilder()
                .statementTimeout(shipped.statement())
                .lockTimeout(shipped.lock())
                .idleInTransactionTimeout(Duration.ofSeconds(2))
                .lease(Duration.ofSeconds(3))
                .retryDelay(shipped.retryDelay())
                .missingCode(shipped.missingCode())
                .build();
    }

    /** Stops this process as SIGSTOP does; a guard kills it when its parent is gone, as it could not see that itself. */
    private static void freeze() {
        String me = Long.toString(ProcessHandle.current().pid());
        String parent =
                Long.toString(ProcessHandle.current().parent().orElseThrow().pid());
        try {
            new ProcessBuilder(
                            "sh",
                            "-c",
                            "while kill -0 $0 && kill -0 $1; do sleep 1; done 2>/dev/null; kill -KILL $0 2>/dev/null",
                            me,
                            parent)
                    .start();
            new ProcessBuilder("kill", "-STOP", me).start().waitFor();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
