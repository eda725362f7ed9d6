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
import org.registrybbm.migrations.gate.Gate;
import org.registrybbm.migrations.internal.jdbc.Watchdog;
import org.registrybbm.migrations.internal.lease.Replica;
import org.registrybbm.migrations.internal.registry.RegistryGate;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.outbox.Outbox;
import org.registrybbm.migrations.outbox.Subscriber;
import org.registrybbm.migrations.quarantine.Quarantine;
import org.registrybbm.migrations.request.RequestKeys;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.settings.RegistryLock;
import org.registrybbm.migrations.spi.BatchRunner;
import org.registrybbm.migrations.spi.Offers;
import org.registrybbm.migrations.spi.Planner;
import org.registrybbm.migrations.spi.Presence;
import org.registrybbm.migrations.spi.ReplicaName;
import org.registrybbm.migrations.spi.Retention;
import org.registrybbm.migrations.spi.WritableSessions;
import org.registrybbm.migrations.status.StatusReader;
import org.registrybbm.migrations.verification.VerificationResult;
import org.registrybbm.migrations.verification.Verifications;
import org.registrybbm.migrations.verification.Verifier;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.migrations.work.WorkFunctions;
import org.registrybbm.migrations.work.WorkRegistry;

/**
 * The entry point of this module: an engine that works on one database, for one replica. Start here.
 *
 * <p>It is thread-safe. Work runs in the threads that call it. A daemon thread enforces the time limit of sub-batches; it runs only while
 * a sub-batch is under way.
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
    private final Verifications verifications;
    private final RequestKeys requestKeys;
    private final Budgets budgets;
    private final Planner planner;
    private final Offers offers;
    private final Retention retention;
    private final BatchRunner runner;
    private final Presence presence;
    private final Gate gate;
    private final WorkRegistry workRegistry;
    private final EngineSettings settings;
    private final String replica;
    private final DataSource dataSource;

    private BatchedMigrations(Builder builder) {
        this.settings = builder.settings;
        this.workRegistry =
                builder.workRegistry == null ? WorkRegistry.of(builder.workFunctions) : builder.workRegistry;
        MigrationListener listener = new SafeListener(List.copyOf(builder.listeners));
        this.dataSource = WritableSessions.of(builder.dataSource);
        this.store = new MigrationStore(dataSource);
        this.status = new StatusReader(dataSource);
        this.eventLog = new EventLog(dataSource);
        this.quarantine = new Quarantine(dataSource);
        this.verifier = new Verifier(dataSource, settings, workRegistry);
        this.verifications = new Verifications(dataSource);
        this.requestKeys = new RequestKeys(dataSource);
        this.budgets = new Budgets(dataSource);
        RegistryGate registryGate = new RegistryGate(builder.registryLock);
        this.planner = new Planner(dataSource, settings, workRegistry, listener, registryGate);
        this.offers = new Offers(dataSource);
        this.retention = new Retention(dataSource, settings.retention(), registryGate);
        this.presence = new Presence(builder.presence, registryGate);
        this.gate = new Gate(dataSource, () -> presence.session() != null);
        presence.alsoTell(gate::tell);
        this.replica = Objects.requireNonNull(builder.replica);
        this.runner = new BatchRunner(
                dataSource,
                settings,
                listener,
                new Replica(replica, workRegistry, new Watchdog(), presence::session, registryGate));
    }

    /**
     * Returns a builder for an engine on a database.
     *
     * @param dataSource connections to the database; it must hand them out in auto-commit mode
     */
    public static Builder on(DataSource dataSource) {
        return new Builder(dataSource);
    }

    /** Returns the store, which queues, lists, pauses and starts migrations. */
    public MigrationStore store() {
        return store;
    }

    /** Returns the reader that tells what each migration is doing and how far it is. */
    public StatusReader status() {
        return status;
    }

    /** Returns the log of what was decided about migrations, and why. */
    public EventLog eventLog() {
        return eventLog;
    }

    /** Returns the budgets, which limit how much may run at once on all replicas together. */
    public Budgets budgets() {
        return budgets;
    }

    /** Returns the quarantine, with which people list the rows that could not be changed, retry them or waive them. */
    public Quarantine quarantine() {
        return quarantine;
    }

    /** Returns the records of verifications that replicas were asked for. */
    public Verifications verifications() {
        return verifications;
    }

    /** Returns the memory of requests that programs may send twice. */
    public RequestKeys requestKeys() {
        return requestKeys;
    }

    /** Returns the planner, which decides which batch jobs should run now. */
    public Planner planner() {
        return planner;
    }

    /** Returns the offers, which decide which replica starts a batch job that is due. */
    public Offers offers() {
        return offers;
    }

    /** Returns what keeps the records of migrations small that finished long ago. */
    public Retention retention() {
        return retention;
    }

    /** Returns the runner, which runs one batch job at a time in the calling thread. */
    public BatchRunner runner() {
        return runner;
    }

    /** Returns the presence, which shows the other replicas that this one lives. A host that keeps running batch jobs should start it. */
    public Presence presence() {
        return presence;
    }

    /** Returns the gate, which tells a program whether migrations are finished. */
    public Gate gate() {
        return gate;
    }

    /**
     * Returns the messages that wait for a webhook. Nothing is written for it before {@link Outbox#attend} is called.
     *
     * @param subscriber who sends them
     */
    public Outbox outbox(Subscriber subscriber) {
        return new Outbox(dataSource, subscriber);
    }

    /** Returns the name of this replica, under which it holds its leases. */
    public String replica() {
        return replica;
    }

    /** Returns the work functions that this replica knows. */
    public WorkRegistry workRegistry() {
        return workRegistry;
    }

    /** Returns the settings of this replica. */
    public EngineSettings settings() {
        return settings;
    }

    /**
     * Runs migrations to their end in the calling thread. Paused and failed ones are made active, and failed batch jobs get all their
     * attempts again. The migrations that had failed are run first. Replicas may work on the same migrations meanwhile; each batch is
     * still run once.
     *
     * @param names the migrations to run; empty for all
     * @param stop asked between sub-batches; once it says stop, the run ends and the rest stays unfinished
     * @return the migrations that are finished, that failed and that are unfinished
     * @throws UnknownMigrationException when there is no migration of a given name; nothing was run
     * @throws SchemaNotMigratedException when the tables are missing
     * @throws DatabaseException when the database cannot be reached at the start or for more than 60 s later, or when for 60 s nothing
     *     could be planned and nothing was left to run
     */
    public RunResult runToEnd(Collection<String> names, StopSignal stop) {
        return new SynchronousRun(store, planner, runner).run(names, stop);
    }

    /**
     * Runs active migrations in the calling thread, as a replica would. Unlike {@link #runToEnd}, this starts nothing that was paused,
     * retries nothing that failed, and ends with {@code stop} if something else keeps the migrations from running.
     *
     * @param names the migrations
     * @param stop asked between sub-batches and plans; once it says stop, the run ends and the rest stays unfinished
     * @return the migrations that are finished, that failed and that are unfinished
     * @throws UnknownMigrationException when there is no migration of a given name; nothing was run
     * @throws DatabaseException when the database cannot be reached
     */
    public RunResult runActive(Collection<String> names, StopSignal stop) {
        return new SynchronousRun(store, planner, runner).runActive(names, stop);
    }

    /** Ends the presence. Nothing else has to be closed: the engine still works afterwards. */
    @Override
    public void close() {
        presence.close();
    }

    /**
     * Searches the tables of migrations for rows that are still pending, range by range, in the calling thread. It changes nothing but
     * {@code verified_at}, the time of the last proof, of finished migrations: that of one with pending rows is forgotten.
     *
     * @param names the migrations to verify; empty for all that are finished
     * @param stop asked between ranges
     * @param progress called after each range with the migration's name and the number of rows looked at so far
     * @return what was found, one result for each migration
     * @throws UnknownMigrationException when there is no migration of a given name
     * @throws DatabaseException when the database cannot be reached or a statement fails
     */
    public List<VerificationResult> verify(
            Collection<String> names, StopSignal stop, ObjLongConsumer<String> progress) {
        return verifier.verify(names, stop, progress);
    }

    /** Collects what an engine needs. Only the data source has no default. */
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

        /** Sets how this replica works; {@link EngineSettings#defaults} by default. */
        public Builder settings(EngineSettings other) {
            this.settings = other;
            return this;
        }

        /**
         * Adds a work function to the shipped ones.
         *
         * @param signature its name in {@code job_signature_name}; never reuse it for other work
         * @param function the work
         */
        public Builder workFunction(String signature, WorkFunction function) {
            return workFunctions(registry -> registry.register(signature, function));
        }

        /**
         * Adds an application's work functions to the shipped ones. If none are added, the engine uses those that
         * {@link java.util.ServiceLoader} finds.
         */
        public Builder workFunctions(WorkFunctions functions) {
            workFunctions.add(functions);
            return this;
        }

        /**
         * Sets all work functions, the shipped ones included. Work functions that were added are then ignored, and
         * {@link java.util.ServiceLoader} is not asked.
         */
        public Builder workRegistry(WorkRegistry other) {
            this.workRegistry = other;
            return this;
        }

        /** Adds a listener. An {@link EventLogger} is always there already. */
        public Builder listener(MigrationListener listener) {
            listeners.add(listener);
            return this;
        }

        /** Sets the name under which this replica holds its leases; {@link ReplicaName#ofThisProcess} by default. */
        public Builder replica(String name) {
            this.replica = name;
            return this;
        }

        /**
         * Sets where the {@link Presence} gets its connection, which it keeps for as long as the replica lives. By default there is no
         * presence. A data source without a pool is best. A pool must have one connection to spare and must not object to one that is
         * never returned.
         */
        public Builder presence(DataSource connections) {
            this.presence = connections;
            return this;
        }

        /**
         * Sets whether the {@link Presence} keeps the container registry's own workers out while the replica lives;
         * {@link RegistryLock#AUTO} by default. If it does, no batch job starts before the presence holds their lock.
         */
        public Builder registryLock(RegistryLock lock) {
            this.registryLock = lock;
            return this;
        }

        /**
         * Returns the engine.
         *
         * @throws IllegalArgumentException when two work functions have the same signature, or when {@link java.util.ServiceLoader} cannot
         *     create what it found
         */
        public BatchedMigrations build() {
            if (replica == null) {
                replica = ReplicaName.ofThisProcess();
            }
            return new BatchedMigrations(this);
        }
    }
}
