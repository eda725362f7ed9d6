package org.registrybbm.migrations;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.function.ObjLongConsumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.audit.EventLog;
import org.registrybbm.migrations.budget.Budgets;
import org.registrybbm.migrations.event.EventLogger;
import org.registrybbm.migrations.event.MigrationListener;
import org.registrybbm.migrations.event.SafeListener;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.failure.UnknownMigrationException;
import org.registrybbm.migrations.internal.jdbc.Watchdog;
import org.registrybbm.migrations.internal.lease.Replica;
import org.registrybbm.migrations.internal.registry.RegistryGate;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.quarantine.Quarantine;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.settings.RegistryLock;
import org.registrybbm.migrations.spi.BatchRunner;
import org.registrybbm.migrations.spi.Offers;
import org.registrybbm.migrations.spi.Planner;
import org.registrybbm.migrations.spi.Presence;
import org.registrybbm.migrations.spi.ReplicaName;
import org.registrybbm.migrations.spi.WritableSessions;
import org.registrybbm.migrations.status.StatusReader;
import org.registrybbm.migrations.verification.VerificationResult;
import org.registrybbm.migrations.verification.Verifier;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.migrations.work.WorkFunctions;
import org.registrybbm.migrations.work.WorkRegistry;

/**
 * The door of this module: one engine on one database, for one replica. Thread-safe. Work runs in the threads that call it; a daemon
 * watches only while a sub-batch is under way.
 *
 * <pre>{@code
 * BatchedMigrations engine = BatchedMigrations.on(dataSource).replica("me").build();
 * RunResult result = engine.runToEnd(List.of("backfill_users_email"), StopSignal.NEVER);
 * }</pre>
 */
public final class BatchedMigrations implements AutoCloseable {
    private final MigrationStore store;
    private final StatusReader status;
    private final EventLog eventLog;
    private final Quarantine quarantine;
    private final Verifier verifier;
    private final Budgets budgets;
    private final Planner planner;
    private final Offers offers;
    private final BatchRunner runner;
    private final Presence presence;
    private final WorkRegistry workRegistry;
    private final EngineSettings settings;
    private final String replica;

    private BatchedMigrations(Builder builder) {
        this.settings = builder.settings;
        this.workRegistry =
                builder.workRegistry == null ? WorkRegistry.of(builder.workFunctions) : builder.workRegistry;
        MigrationListener listener = new SafeListener(List.copyOf(builder.listeners));
        DataSource dataSource = WritableSessions.of(builder.dataSource);
        this.store = new MigrationStore(dataSource);
        this.status = new StatusReader(dataSource);
        this.eventLog = new EventLog(dataSource);
        this.quarantine = new Quarantine(dataSource);
        this.verifier = new Verifier(dataSource, settings, workRegistry);
        this.budgets = new Budgets(dataSource);
        RegistryGate gate = new RegistryGate(builder.registryLock);
        this.planner = new Planner(dataSource, settings, workRegistry, listener, gate);
        this.offers = new Offers(dataSource);
        this.presence = new Presence(builder.presence, gate);
        this.replica = Objects.requireNonNull(builder.replica);
        this.runner = new BatchRunner(
                dataSource,
                settings,
                listener,
                new Replica(replica, workRegistry, new Watchdog(), presence::session, gate));
    }

    /**
     * Starts to describe an engine.
     *
     * @param dataSource connections to the database; in auto-commit mode when handed out
     */
    public static Builder on(DataSource dataSource) {
        return new Builder(dataSource);
    }

    /** Returns what queues, lists, pauses and starts migrations. */
    public MigrationStore store() {
        return store;
    }

    /** Returns what says how migrations stand. */
    public StatusReader status() {
        return status;
    }

    /** Returns what says what was decided about migrations, and why. */
    public EventLog eventLog() {
        return eventLog;
    }

    /** Returns what says how much may run at once on all replicas together. */
    public Budgets budgets() {
        return budgets;
    }

    /** Returns what people do about failures: list, retry, waive. */
    public Quarantine quarantine() {
        return quarantine;
    }

    /** Returns what decides which batch jobs should run now. */
    public Planner planner() {
        return planner;
    }

    /** Returns what decides which replica starts a batch job that is due. */
    public Offers offers() {
        return offers;
    }

    /** Returns what runs one batch job. */
    public BatchRunner runner() {
        return runner;
    }

    /** Returns what shows the other replicas that this one lives; whoever runs batch jobs for long starts it. */
    public Presence presence() {
        return presence;
    }

    /** Returns the name that its leases are held under. */
    public String replica() {
        return replica;
    }

    /** Returns the work functions of this replica's code. */
    public WorkRegistry workRegistry() {
        return workRegistry;
    }

    /** Returns how this replica works. */
    public EngineSettings settings() {
        return settings;
    }

    /**
     * Runs migrations to their end in the calling thread, failed ones again and first, paused ones too. Replicas may work on the
     * same migrations meanwhile; each batch is still run once.
     *
     * @param names the migrations to run; empty for all
     * @param stop asked between sub-batches; what is unfinished then stays so
     * @return which are finished, failed and unfinished
     * @throws UnknownMigrationException for a name that is no migration's; nothing was run
     * @throws SchemaNotMigratedException when the tables are missing
     */
    public RunResult runToEnd(Collection<String> names, StopSignal stop) {
        return new SynchronousRun(store, planner, runner).run(names, stop);
    }

    /** Ends the presence; everything else needs no end and still works. */
    @Override
    public void close() {
        presence.close();
    }

    /**
     * Looks through the tables of migrations for rows that are not done, in the calling thread, a range at a time. Changes nothing
     * but the time of the proof, {@code verified_at}, of a finished migration that is complete.
     *
     * @param names which; empty for all that are finished
     * @param stop asked between ranges
     * @param progress called after each range with the migration's name and the rows looked at so far
     * @return what was found, by migration
     * @throws UnknownMigrationException for a name that is no migration's
     * @throws DatabaseException when the database cannot be asked
     */
    public List<VerificationResult> verify(
            Collection<String> names, StopSignal stop, ObjLongConsumer<String> progress) {
        return verifier.verify(names, stop, progress);
    }

    /** Collects what an engine needs. */
    public static final class Builder {
        private final DataSource dataSource;
        private final List<MigrationListener> listeners = new ArrayList<>(List.of(new EventLogger()));
        private EngineSettings settings = EngineSettings.defaults();
        private final List<WorkFunctions> workFunctions = new ArrayList<>();
        private @Nullable WorkRegistry workRegistry;
        private @Nullable String replica;
        private @Nullable DataSource presence;
        private RegistryLock registryLock = RegistryLock.AUTO;

        private Builder(DataSource dataSource) {
            this.dataSource = dataSource;
        }

        /** Sets how this replica works; the defaults are {@link EngineSettings#defaults}. */
        public Builder settings(EngineSettings other) {
            this.settings = other;
            return this;
        }

        /**
         * Adds a work function to the shipped ones.
         *
         * @param signature its name in {@code job_signature_name}; never reused for other work
         * @param function the work
         */
        public Builder workFunction(String signature, WorkFunction function) {
            return workFunctions(registry -> registry.register(signature, function));
        }

        /**
         * Adds an application's work functions to the shipped ones. Where nothing is added, those are known that
         * {@link java.util.ServiceLoader} finds.
         */
        public Builder workFunctions(WorkFunctions functions) {
            workFunctions.add(functions);
            return this;
        }

        /** Sets all work functions, the shipped ones included; nothing is looked for then, and nothing added. */
        public Builder workRegistry(WorkRegistry other) {
            this.workRegistry = other;
            return this;
        }

        /** Adds a listener; the {@link EventLogger} is always one. */
        public Builder listener(MigrationListener listener) {
            listeners.add(listener);
            return this;
        }

        /** Sets the name that leases are held under; the default is made of the host and the process. */
        public Builder replica(String name) {
            this.replica = name;
            return this;
        }

        /**
         * Sets where the {@link Presence} gets its connection, which it keeps for as long as the replica lives; the default is none.
         * Best is a data source without a pool. A pool must have one connection to spare and not mind one that is never returned.
         */
        public Builder presence(DataSource connections) {
            this.presence = connections;
            return this;
        }

        /**
         * Sets whether the {@link Presence} keeps the container registry's own workers out while it lives; the default is
         * {@link RegistryLock#AUTO}. Where it does, no batch job starts before it holds their lock.
         */
        public Builder registryLock(RegistryLock lock) {
            this.registryLock = lock;
            return this;
        }

        /**
         * Returns the engine.
         *
         * @throws IllegalArgumentException when two work functions have one signature, or one that was found cannot be made
         */
        public BatchedMigrations build() {
            if (replica == null) {
                replica = ReplicaName.ofThisProcess();
            }
            return new BatchedMigrations(this);
        }
    }
}
