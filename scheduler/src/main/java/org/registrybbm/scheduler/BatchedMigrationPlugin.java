package org.registrybbm.scheduler;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.listeners.SchedulerListenerSupport;
import org.quartz.spi.ClassLoadHelper;
import org.quartz.spi.SchedulerPlugin;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.settings.RegistryLock;
import org.registrybbm.migrations.work.WorkFunctions;
import org.registrybbm.migrations.work.WorkRegistry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs batched migrations in a Quartz scheduler.
 *
 * <pre>
 * org.quartz.plugin.bbm.class = org.registrybbm.scheduler.BatchedMigrationPlugin
 * org.quartz.plugin.bbm.dataSource = myDataSource
 * org.quartz.plugin.bbm.workFunctions = com.example.MyWorkFunctions
 * </pre>
 *
 * <p>Its initialisation fails if the job store is not clustered or does not acquire triggers within its lock, unless {@code alone} says
 * that this scheduler is the only one. Each setter is a property {@code org.quartz.plugin.<name>.<property>}. If the database or its schema
 * is not there yet, the plugin waits for it and logs that it does.
 */
public final class BatchedMigrationPlugin implements SchedulerPlugin {
    /** Key of the scheduler's context under which a host may put its own {@link BatchedMigrations} before the scheduler starts. */
    public static final String ENGINE_CONTEXT_KEY = "org.registrybbm.engine";

    private static final String PLUGIN_CONTEXT_KEY = "org.registrybbm.plugin";
    private static final Logger LOGGER = LoggerFactory.getLogger(BatchedMigrationPlugin.class);

    private @Nullable String dataSource;
    private @Nullable String presenceDataSource;
    private @Nullable String workFunctions;
    private RegistryLock registryLock = RegistryLock.AUTO;
    private boolean alone;
    private int maxJobAttempts = EngineSettings.defaults().maxJobAttempts();
    private long batchTargetMillis = EngineSettings.Targets.defaults().batch().toMillis();
    private long subBatchTargetMillis =
            EngineSettings.Targets.defaults().subBatch().toMillis();
    private long retentionMillis = EngineSettings.defaults().retention().toMillis();
    private @Nullable Integer workers;
    private long jobIntervalMillis = 1_000;
    private long shutdownGraceMillis = BatchedMigrationScheduler.SHUTDOWN_GRACE.toMillis();

    private @Nullable Scheduler scheduler;
    private @Nullable EngineSettings settings;
    private @Nullable WorkRegistry workRegistry;
    private @Nullable Dispatcher dispatcher;
    private @Nullable Coordinator coordinator;
    private @Nullable Housekeeper housekeeper;
    private @Nullable ScheduledExecutorService cutOff;
    private final AtomicBoolean stopRequested = new AtomicBoolean();

    /** Called by Quartz, which then sets the properties. */
    public BatchedMigrationPlugin() {}

    /** Sets the name of the Quartz data source that batch jobs and plans use. Not needed if the host gives an engine. */
    public void setDataSource(String name) {
        this.dataSource = name;
    }

    /**
     * Sets the name of the Quartz data source for the presence: one connection straight to PostgreSQL that is kept for as long as the
     * replica lives. With it, the batch jobs of a killed replica are taken over at once. Default none. Not needed if the host gives an
     * engine.
     */
    public void setPresenceDataSource(String name) {
        this.presenceDataSource = name;
    }

    /**
     * Sets whether the container registry's own software is kept out while this replica lives: {@code auto}, {@code on} or {@code off}. The
     * default, {@code auto}, keeps it out of a database whose tables were taken over. Needs {@code presenceDataSource}. Not needed if the
     * host gives an engine.
     */
    public void setRegistryLock(String mode) {
        for (RegistryLock known : RegistryLock.values()) {
            if (known.name().equalsIgnoreCase(mode)) {
                this.registryLock = known;
                return;
            }
        }
        throw new IllegalArgumentException("registryLock is '" + mode + "', allowed are auto, on and off");
    }

    /**
     * Sets the name of the class that registers the application's work functions, a {@link WorkFunctions} with a public constructor without
     * parameters. By default, the ones that {@link java.util.ServiceLoader} finds are used.
     */
    public void setWorkFunctions(String className) {
        this.workFunctions = className;
    }

    /** Sets whether this scheduler is the only one on its database, so that its job store need not be clustered; default false. */
    public void setAlone(boolean alone) {
        this.alone = alone;
    }

    /** Sets how many times a batch job is tried without progress before its migration fails, 1 to 100; default 5. */
    public void setMaxJobAttempts(int attempts) {
        this.maxJobAttempts = attempts;
    }

    /**
     * Sets how long a batch job should take, in milliseconds: 1,000 to 3,600,000 (1 s to 1 h), default 30,000 (30 s). With 0, batches do
     * not adapt and keep the migration's batch size.
     */
    public void setBatchTargetMillis(long millis) {
        this.batchTargetMillis = millis;
    }

    /** Sets how long a sub-batch should take, in milliseconds: 10 to 30,000 (30 s), default 500. */
    public void setSubBatchTargetMillis(long millis) {
        this.subBatchTargetMillis = millis;
    }

    /**
     * Sets how long after a migration has finished its batch jobs are folded and its samples deleted, in milliseconds: 1,000 to
     * 315,360,000,000 (3,650 d), default 2,592,000,000 (30 d). With 0, they are kept for ever.
     */
    public void setRetentionMillis(long millis) {
        this.retentionMillis = millis;
    }

    /**
     * Sets how many batch jobs this replica runs at once: 1 to the number of the scheduler's threads, default half of them, at least 1. The
     * host's own jobs use the same threads.
     */
    public void setWorkers(int count) {
        this.workers = count;
    }

    /**
     * Sets how often this replica looks for work when no notification tells it of any, in milliseconds: 100 to 60,000 (1 min), default
     * 1,000 (1 s).
     */
    public void setJobIntervalMillis(long millis) {
        this.jobIntervalMillis = millis;
    }

    /**
     * Sets how long a shutdown waits for the current sub-batches before it cuts them off, in milliseconds: 0 to 60,000 (1 min), default
     * 3,000 (3 s).
     */
    public void setShutdownGraceMillis(long millis) {
        this.shutdownGraceMillis = millis;
    }

    @Override
    public void initialize(String name, Scheduler scheduler, ClassLoadHelper loadHelper) throws SchedulerException {
        this.scheduler = scheduler;
        try {
            range("jobIntervalMillis", jobIntervalMillis, 100, 60_000);
            range("shutdownGraceMillis", shutdownGraceMillis, 0, 60_000);
            int threads = scheduler.getMetaData().getThreadPoolSize();
            if (workers == null) {
                workers = Math.max(1, threads / 2);
            }
            range("workers", workers, 1, threads);
            settings = EngineSettings.builder()
                    .maxJobAttempts(maxJobAttempts)
                    .batchTarget(Duration.ofMillis(batchTargetMillis))
                    .subBatchTarget(Duration.ofMillis(subBatchTargetMillis))
                    .retention(Duration.ofMillis(retentionMillis))
                    .build();
            workRegistry = workRegistry(loadHelper);
        } catch (IllegalArgumentException e) {
            throw new SchedulerException("org.quartz.plugin." + name + ": " + e.getMessage(), e);
        }
        Optional<String> problem = alone ? Optional.empty() : JobStoreInspection.problem(scheduler);
        if (problem.isPresent()) {
            throw new SchedulerException("batched migrations do not start on this scheduler: " + problem.get()
                    + ", or set org.quartz.plugin." + name + ".alone=true if no other replica uses this database");
        }
        scheduler.getContext().put(PLUGIN_CONTEXT_KEY, this);
        scheduler.getListenerManager().addSchedulerListener(new Listener());
    }

    @Override
    public void start() {
        try {
            Scheduler started = Objects.requireNonNull(scheduler);
            BatchedMigrations engine = engine(started);
            Dispatcher ready = new Dispatcher(engine, new Triggers(started), Objects.requireNonNull(workers));
            ready.register(started);
            dispatcher = ready;
            Coordinator own = new Coordinator(ready, Duration.ofMillis(jobIntervalMillis));
            coordinator = own;
            // The presence starts first, because nothing may be planned before it is known whether the registry lock is
            // needed and held.
            engine.presence().start(own);
            own.start();
            Housekeeper keeper = new Housekeeper(ready);
            housekeeper = keeper;
            keeper.start();
        } catch (SchedulerException | RuntimeException e) {
            // Not thrown on: that would leave the host's scheduler half started, and the host's other jobs must go on.
            LOGGER.error("batched migrations do not run in this scheduler: {}", e.getMessage(), e);
        }
    }

    @Override
    public void shutdown() {
        stop();
        if (coordinator != null) {
            coordinator.close();
        }
        if (housekeeper != null) {
            housekeeper.close();
        }
        // Quartz calls this once its workers are done, so no sub-batch is left to cut off and no batch job here has a
        // lease.
        if (dispatcher != null) {
            leaveBatchJobs(dispatcher.engine());
            dispatcher.engine().close();
        }
        if (cutOff != null) {
            cutOff.shutdownNow();
        }
    }

    /**
     * Prepares batch jobs that nobody holds for the container registry's own software. Does nothing while the database does not answer,
     * because that would only delay the shutdown.
     */
    private void leaveBatchJobs(BatchedMigrations engine) {
        if (!isSound()) {
            return;
        }
        try {
            engine.planner().leave();
        } catch (DatabaseException e) {
            LOGGER.debug("batch jobs that nobody holds stay as they are", e);
        }
    }

    /** Removes the triggers that this replica has stored and will not run any more. */
    void leave() {
        if (scheduler == null || dispatcher == null) {
            return;
        }
        try {
            scheduler.standby();
            dispatcher.leave();
        } catch (SchedulerException | RuntimeException e) {
            LOGGER.debug("triggers of this replica could not be removed; the others replace them", e);
        }
    }

    /** Returns the plugin of a scheduler. */
    static BatchedMigrationPlugin of(Scheduler scheduler) throws SchedulerException {
        return (BatchedMigrationPlugin)
                Objects.requireNonNull(scheduler.getContext().get(PLUGIN_CONTEXT_KEY));
    }

    /** Returns whether this replica reached the database lately; see {@link BatchedMigrationScheduler#isCheckedIn}. */
    boolean isSound() {
        return coordinator != null && coordinator.isSound();
    }

    /** Has batch jobs end after their current sub-batches, and cuts off the sub-batches that last longer than the grace time. */
    void stop() {
        Dispatcher stopped = dispatcher;
        if (stopped == null || !stopRequested.compareAndSet(false, true)) {
            return;
        }
        stopped.stop();
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(work -> {
            Thread daemon = new Thread(work, "bbm-shutdown");
            daemon.setDaemon(true);
            return daemon;
        });
        cutOff = timer;
        timer.schedule(() -> stopped.engine().runner().cutOff(), shutdownGraceMillis, TimeUnit.MILLISECONDS);
    }

    private BatchedMigrations engine(Scheduler started) throws SchedulerException {
        Object given = started.getContext().get(ENGINE_CONTEXT_KEY);
        if (given instanceof BatchedMigrations engine) {
            return engine;
        }
        if (dataSource == null) {
            throw new SchedulerException(
                    "no data source: set the plugin's property 'dataSource' to the name of a Quartz data"
                            + " source, or put a BatchedMigrations into the scheduler's context as "
                            + ENGINE_CONTEXT_KEY);
        }
        BatchedMigrations.Builder builder = BatchedMigrations.on(new QuartzDataSource(dataSource))
                .replica(started.getSchedulerInstanceId())
                .settings(Objects.requireNonNull(settings))
                .workRegistry(Objects.requireNonNull(workRegistry))
                .registryLock(registryLock);
        if (presenceDataSource != null) {
            builder.presence(new QuartzDataSource(presenceDataSource));
        }
        return builder.build();
    }

    private WorkRegistry workRegistry(ClassLoadHelper loadHelper) {
        if (workFunctions == null) {
            return WorkRegistry.of(List.of());
        }
        try {
            return WorkRegistry.of(List.of(loadHelper
                    .loadClass(workFunctions, WorkFunctions.class)
                    .getDeclaredConstructor()
                    .newInstance()));
        } catch (ReflectiveOperationException | ClassCastException e) {
            throw new IllegalArgumentException(
                    "workFunctions is '" + workFunctions + "', which is not a " + WorkFunctions.class.getName()
                            + " with a public constructor without parameters: " + e,
                    e);
        }
    }

    private static void range(String property, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(property + " is " + value + ", allowed is " + min + " to " + max);
        }
    }

    /**
     * Has batch jobs handed back when the scheduler goes into standby or shuts down. A shutdown begins with standby. It then waits for
     * Quartz's own thread, which waits for a free worker; without the hand-back, no worker would be free before a whole batch job ends.
     */
    private final class Listener extends SchedulerListenerSupport {
        @Override
        public void schedulerInStandbyMode() {
            setStandby(true);
        }

        @Override
        public void schedulerStarted() {
            setStandby(false);
        }

        @Override
        public void schedulerShuttingdown() {
            stop();
        }

        private void setStandby(boolean standby) {
            if (dispatcher != null) {
                dispatcher.setStandby(standby);
            }
        }
    }
}
