package org.registrybbm.scheduler;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.impl.SchedulerRepository;
import org.quartz.impl.StdSchedulerFactory;
import org.quartz.utils.DBConnectionManager;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.spi.ReplicaName;
import org.registrybbm.migrations.spi.WritableSessions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs batched migrations on a clustered Quartz scheduler of its own, as one replica. It is for applications that do not use Quartz
 * themselves; an application that does adds the {@link BatchedMigrationPlugin} to its own scheduler.
 */
public final class BatchedMigrationScheduler implements AutoCloseable {
    /** The name of the scheduler, which all replicas of a database share. The changelog inserts Quartz's lock rows under this name. */
    public static final String NAME = "bbm";

    private static final Logger LOGGER = LoggerFactory.getLogger(BatchedMigrationScheduler.class);
    private static final AtomicInteger COUNT = new AtomicInteger();
    private static final Duration DEFAULT_BOUND = Duration.ofSeconds(8);

    /** How long a shutdown waits for the current sub-batches before it cuts them off, unless another time is set. */
    static final Duration SHUTDOWN_GRACE = Duration.ofSeconds(3);

    private final BatchedMigrations engine;
    private final Scheduler scheduler;
    private final BatchedMigrationPlugin plugin;

    private BatchedMigrationScheduler(BatchedMigrations engine, Scheduler scheduler, BatchedMigrationPlugin plugin) {
        this.engine = engine;
        this.scheduler = scheduler;
        this.plugin = plugin;
    }

    /**
     * Returns a builder of a scheduler.
     *
     * @param engine what plans and runs batch jobs
     */
    public static Builder on(BatchedMigrations engine) {
        return new Builder(engine);
    }

    /**
     * Checks that the tables exist, joins the cluster and starts to work.
     *
     * @throws org.registrybbm.migrations.failure.SchemaNotMigratedException when the tables are missing
     * @throws org.registrybbm.migrations.failure.DatabaseException when the database cannot be reached
     * @throws SchedulerException when Quartz cannot start, for instance because its tables are missing
     */
    public void start() throws SchedulerException {
        engine.store().requireSchema();
        try {
            scheduler.checkExists(Triggers.BATCH_JOB);
        } catch (SchedulerException e) {
            throw new SchedulerException(
                    "Quartz's tables cannot be read: " + e.getMessage()
                            + "; run 'registry db migrate' (or your application's"
                            + " Liquibase changelog that includes org/registrybbm/db/quartz.xml) and start again",
                    e);
        }
        scheduler.start();
    }

    /**
     * Returns whether this replica works: its scheduler runs, it has reached the tables of Quartz and of the engine since its start, and it
     * reached the database within the last 15 s, or within three of its {@linkplain Builder#jobInterval intervals} if these are longer. While
     * its turns fail, for example because Quartz's tables cannot be written, answers of the engine's tables do not count.
     */
    public boolean isCheckedIn() {
        try {
            return scheduler.isStarted() && !scheduler.isInStandbyMode() && plugin.isSound();
        } catch (SchedulerException e) {
            return false;
        }
    }

    /**
     * Returns the Quartz scheduler, for listeners and tests. It is for batch jobs only: its transactions do not wait for the disk, which
     * other jobs may need.
     */
    public Scheduler quartz() {
        return scheduler;
    }

    /**
     * Stops this replica and closes the engine. Current sub-batches end, and the rest of their batch jobs is handed back. Returns after the
     * bound at the latest, even if the database does not answer; threads that still hang then are daemons and do not keep the JVM alive.
     *
     * @param bound how long the scheduler may take to stop
     */
    public void shutdown(Duration bound) {
        plugin.stop();
        CountDownLatch down = new CountDownLatch(1);
        Thread helper = new Thread(
                () -> {
                    try {
                        plugin.leave();
                        scheduler.shutdown(true);
                    } catch (SchedulerException | RuntimeException e) {
                        LOGGER.warn(
                                "the scheduler did not shut down cleanly; other replicas take over what it still held: {}",
                                e.getMessage());
                    } finally {
                        down.countDown();
                    }
                },
                "bbm-quartz-shutdown");
        helper.setDaemon(true);
        helper.start();
        try {
            if (!down.await(bound.toMillis(), TimeUnit.MILLISECONDS)) {
                LOGGER.warn(
                        "the scheduler did not shut down within {} s; other replicas take over its batch jobs",
                        bound.toSeconds());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            engine.close();
        }
    }

    /** Shuts down within 8 s. */
    @Override
    public void close() {
        shutdown(DEFAULT_BOUND);
    }

    /** Describes a scheduler and makes it. */
    public static final class Builder {
        private static final int LONGEST_NAME = 82;

        private final BatchedMigrations engine;
        private @Nullable DataSource quartzDataSource;
        private String replica = ReplicaName.ofThisProcess();
        private int workers = 2;
        private Duration jobInterval = Duration.ofSeconds(1);
        private Duration shutdownGrace = SHUTDOWN_GRACE;

        private Builder(BatchedMigrations engine) {
            this.engine = engine;
        }

        /** Sets the connections for Quartz itself: a pool of its own, with at least {@link #poolSize} of them. */
        public Builder quartzDataSource(DataSource dataSource) {
            this.quartzDataSource = dataSource;
            return this;
        }

        /** Sets how many batch jobs this replica runs at once, 1 to 100; default 2. */
        public Builder workers(int count) {
            if (count < 1 || count > 100) {
                throw new IllegalArgumentException("workers is " + count + ", allowed is 1 to 100");
            }
            this.workers = count;
            return this;
        }

        /**
         * Sets how often this replica looks for work when no notification tells it of any, 100 ms to 1 min; default 1 s. {@link #build}
         * refuses other values.
         */
        public Builder jobInterval(Duration interval) {
            this.jobInterval = interval;
            return this;
        }

        /**
         * Sets how long a shutdown waits for the current sub-batches before it cuts them off, 0 s to 1 min; default 3 s. {@link #build}
         * refuses other values.
         */
        public Builder shutdownGrace(Duration grace) {
            this.shutdownGrace = grace;
            return this;
        }

        /** Sets the name of this replica in the cluster, 1 to 82 characters. Never give it the name of a replica that may still run. */
        public Builder replica(String name) {
            if (name.isBlank() || name.length() > LONGEST_NAME) {
                throw new IllegalArgumentException("replica is '" + name + "', allowed are 1 to " + LONGEST_NAME
                        + " characters, because Quartz's tables hold no longer names");
            }
            this.replica = name;
            return this;
        }

        /** Returns how many connections Quartz needs: one for each worker, and four for its own threads and for callers. */
        public static int poolSize(int workers) {
            return workers + 4;
        }

        /**
         * Creates the scheduler, which does nothing before {@link BatchedMigrationScheduler#start}.
         *
         * @throws SchedulerException when Quartz or the plugin refuses the configuration
         */
        public BatchedMigrationScheduler build() throws SchedulerException {
            DataSource connections = Objects.requireNonNull(quartzDataSource, "quartzDataSource is not set");
            String dataSourceName = NAME + "-" + COUNT.incrementAndGet();
            DBConnectionManager.getInstance()
                    .addConnectionProvider(dataSourceName, new QuartzConnections(WritableSessions.of(connections)));
            synchronized (Builder.class) {
                // Quartz allows one scheduler of each name in a JVM. It has to forget the name, because replicas in one
                // JVM, as in tests, share it.
                SchedulerRepository.getInstance().remove(NAME);
                Scheduler scheduler = new StdSchedulerFactory(properties(dataSourceName)).getScheduler();
                SchedulerRepository.getInstance().remove(NAME);
                scheduler.getContext().put(BatchedMigrationPlugin.ENGINE_CONTEXT_KEY, engine);
                return new BatchedMigrationScheduler(engine, scheduler, BatchedMigrationPlugin.of(scheduler));
            }
        }

        private Properties properties(String dataSourceName) {
            Map<String, String> values = new HashMap<>();
            values.put("org.quartz.scheduler.instanceName", NAME);
            values.put("org.quartz.scheduler.instanceId", replica);
            // Quartz itself need not look often: a replica that stores a trigger is woken at once, and the coordinator
            // finds what another replica left.
            values.put("org.quartz.scheduler.idleWaitTime", "30000");
            // Far below the check-in interval, so that one failed check-in does not make a healthy replica look dead.
            values.put("org.quartz.scheduler.dbFailureRetryInterval", "2000");
            values.put("org.quartz.scheduler.batchTriggerAcquisitionMaxCount", "1");
            values.put("org.quartz.scheduler.makeSchedulerThreadDaemon", "true");
            values.put("org.quartz.scheduler.skipUpdateCheck", "true");
            values.put("org.quartz.threadPool.class", "org.quartz.simpl.SimpleThreadPool");
            values.put("org.quartz.threadPool.threadCount", Integer.toString(workers));
            values.put("org.quartz.threadPool.makeThreadsDaemons", "true");
            values.put("org.quartz.jobStore.class", "org.quartz.impl.jdbcjobstore.JobStoreTX");
            values.put("org.quartz.jobStore.driverDelegateClass", "org.quartz.impl.jdbcjobstore.PostgreSQLDelegate");
            values.put("org.quartz.jobStore.dataSource", dataSourceName);
            values.put("org.quartz.jobStore.tablePrefix", "QRTZ_");
            values.put("org.quartz.jobStore.useProperties", "true");
            values.put("org.quartz.jobStore.isClustered", "true");
            values.put("org.quartz.jobStore.clusterCheckinInterval", "15000");
            values.put("org.quartz.jobStore.acquireTriggersWithinLock", "true");
            values.put("org.quartz.jobStore.makeThreadsDaemons", "true");
            values.put("org.quartz.plugin.bbm.class", BatchedMigrationPlugin.class.getName());
            values.put("org.quartz.plugin.bbm.workers", Integer.toString(workers));
            values.put("org.quartz.plugin.bbm.jobIntervalMillis", Long.toString(jobInterval.toMillis()));
            values.put("org.quartz.plugin.bbm.shutdownGraceMillis", Long.toString(shutdownGrace.toMillis()));
            Properties properties = new Properties();
            properties.putAll(values);
            return properties;
        }
    }
}
