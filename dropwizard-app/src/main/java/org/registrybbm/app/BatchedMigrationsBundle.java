package org.registrybbm.app;

import io.dropwizard.core.Configuration;
import io.dropwizard.core.ConfiguredBundle;
import io.dropwizard.core.setup.Bootstrap;
import io.dropwizard.core.setup.Environment;
import io.dropwizard.db.ManagedDataSource;
import io.dropwizard.db.PooledDataSourceFactory;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import jakarta.servlet.DispatcherType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.function.Function;
import org.eclipse.jetty.util.component.LifeCycle;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.config.BackgroundMigrationsFactory;
import org.registrybbm.app.config.SentryFactory;
import org.registrybbm.app.config.WebhookFactory;
import org.registrybbm.app.internal.access.ForeignRequests;
import org.registrybbm.app.internal.cli.BackgroundMigrateCommand;
import org.registrybbm.app.internal.cli.TokenCommand;
import org.registrybbm.app.internal.cli.WebhookCommand;
import org.registrybbm.app.internal.database.DirectConnections;
import org.registrybbm.app.internal.database.NamedPool;
import org.registrybbm.app.internal.health.DatabaseHealthCheck;
import org.registrybbm.app.internal.health.RequiredMigrationsHealthCheck;
import org.registrybbm.app.internal.health.SchedulerHealthCheck;
import org.registrybbm.app.internal.lifecycle.Bounded;
import org.registrybbm.app.internal.lifecycle.SchedulerManaged;
import org.registrybbm.app.internal.lifecycle.ShutdownTimes;
import org.registrybbm.app.internal.metrics.PrometheusServlet;
import org.registrybbm.app.internal.metrics.ReplicaMetrics;
import org.registrybbm.app.internal.metrics.TotalsListener;
import org.registrybbm.app.internal.sentry.SentryClient;
import org.registrybbm.app.internal.snapshot.Snapshots;
import org.registrybbm.app.internal.tasks.BudgetTask;
import org.registrybbm.app.internal.tasks.ChangeTask;
import org.registrybbm.app.internal.tasks.EventsTask;
import org.registrybbm.app.internal.tasks.PriorityTask;
import org.registrybbm.app.internal.tasks.QuarantineTask;
import org.registrybbm.app.internal.tasks.RetryTask;
import org.registrybbm.app.internal.tasks.StatusTask;
import org.registrybbm.app.internal.tasks.VerifyTask;
import org.registrybbm.app.internal.tasks.WaiveTask;
import org.registrybbm.app.internal.webhook.WebhookSender;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.outbox.Subscriber;
import org.registrybbm.migrations.spi.ReplicaName;
import org.registrybbm.migrations.work.WorkFunctions;
import org.registrybbm.migrations.work.WorkRegistry;

/**
 * Adds batched background migrations to a Dropwizard application: the engine and its scheduler, the command {@code background-migrate},
 * admin tasks, health checks, metrics and {@code /prometheus} on the admin port.
 *
 * <pre>{@code
 * bootstrap.addBundle(new BatchedMigrationsBundle<>(
 *         MyConfiguration::backgroundMigrations, MyConfiguration::database, MyConfiguration::quartzDatabase));
 * }</pre>
 *
 * <p>Quartz has a small pool of its own, so that busy batch jobs never delay its check-in. The schema comes from {@code
 * org/registrybbm/db/batched-migrations.xml} and {@code org/registrybbm/db/quartz.xml}, which the application's own changelog includes.
 *
 * @param <T> the application's configuration
 */
public final class BatchedMigrationsBundle<T extends Configuration> implements ConfiguredBundle<T> {
    private static final String DATA_POOL = "bbm-data";
    private static final String QUARTZ_POOL = "bbm-quartz";

    // A scrape may show what another one, or a person who looked, has just read.
    private static final Duration FRESH = Duration.ofSeconds(5);

    private final Function<? super T, BackgroundMigrationsFactory> settings;
    private final Function<? super T, ? extends PooledDataSourceFactory> dataPool;
    private final Function<? super T, ? extends PooledDataSourceFactory> quartzPool;
    private Function<? super T, SentryFactory> sentry = configuration -> new SentryFactory();
    private final List<WorkFunctions> workFunctions = new ArrayList<>();
    private @Nullable BatchedMigrations engine;

    /**
     * Describes where the bundle's parts are in the application's configuration.
     *
     * @param settings how batched migrations run
     * @param dataPool the pool that batch jobs work with; one more connection is opened with its settings, outside of the pool
     * @param quartzPool the pool that Quartz works with: other connections to the same database, at least {@code workers} + 4
     */
    public BatchedMigrationsBundle(
            Function<? super T, BackgroundMigrationsFactory> settings,
            Function<? super T, ? extends PooledDataSourceFactory> dataPool,
            Function<? super T, ? extends PooledDataSourceFactory> quartzPool) {
        this.settings = settings;
        this.dataPool = dataPool;
        this.quartzPool = quartzPool;
    }

    /**
     * Adds work functions to the shipped ones. If this method is never called, the work functions that {@link java.util.ServiceLoader}
     * finds are used.
     *
     * @param functions the application's own work functions
     */
    public BatchedMigrationsBundle<T> workFunctions(WorkFunctions functions) {
        workFunctions.add(functions);
        return this;
    }

    /**
     * Sets where the Sentry block is in the application's configuration. By default, failures are reported to the Sentry client that the
     * application started itself, if there is one.
     */
    public BatchedMigrationsBundle<T> sentry(Function<? super T, SentryFactory> other) {
        this.sentry = other;
        return this;
    }

    /**
     * Returns the engine.
     *
     * @throws IllegalStateException before Dropwizard has run the bundle
     */
    public BatchedMigrations engine() {
        BatchedMigrations built = engine;
        if (built == null) {
            throw new IllegalStateException(
                    "the engine does not exist before Dropwizard has run the bundle; ask for it in Application.run");
        }
        return built;
    }

    @Override
    @SuppressWarnings("unchecked")
    public void initialize(Bootstrap<?> bootstrap) {
        Bootstrap<T> own = (Bootstrap<T>) bootstrap;
        own.addCommand(new BackgroundMigrateCommand<>(
                own.getApplication().getConfigurationClass(), this::commandSetup, System.out, System.err));
        own.addCommand(new TokenCommand(System.out, System.err));
        own.addCommand(new WebhookCommand<>(
                own.getApplication().getConfigurationClass(),
                configuration -> settings.apply(configuration).webhook(),
                System.out));
    }

    private BackgroundMigrateCommand.Setup commandSetup(T configuration) {
        BackgroundMigrationsFactory factory = settings.apply(configuration);
        return new BackgroundMigrateCommand.Setup(
                dataPool.apply(configuration),
                factory.engineSettings(),
                WorkRegistry.of(workFunctions),
                factory.registryLock());
    }

    @Override
    public void run(T configuration, Environment environment) {
        BackgroundMigrationsFactory factory = settings.apply(configuration);
        String replica = ReplicaName.ofThisProcess();
        // Dropwizard stops in reverse order: what is managed first is stopped last.
        SentryClient client = SentryClient.start(sentry.apply(configuration), replica);
        environment.lifecycle().manage(Bounded.stopping("Sentry client", ShutdownTimes.SENTRY, client));
        ManagedDataSource data = pool(environment, dataPool.apply(configuration), DATA_POOL);
        ManagedDataSource quartz = pool(environment, quartzPool.apply(configuration), QUARTZ_POOL);

        PrometheusRegistry prometheus = new PrometheusRegistry();
        ReplicaMetrics metrics = new ReplicaMetrics(prometheus, System::nanoTime);
        BatchedMigrations.Builder builder = BatchedMigrations.on(data)
                .settings(factory.engineSettings())
                .workRegistry(WorkRegistry.of(workFunctions))
                .replica(replica)
                .registryLock(factory.registryLock())
                .listener(new TotalsListener(environment.metrics()))
                .listener(metrics.listener());
        client.alarm(replica, System::nanoTime).ifPresent(builder::listener);
        DirectConnections.like(dataPool.apply(configuration)).ifPresent(builder::presence);
        BatchedMigrations built = builder.build();
        engine = built;

        // Before the scheduler, so that messages are written from the first batch job on.
        send(environment, built, factory.webhook(), metrics);
        SchedulerManaged scheduler = new SchedulerManaged(built, quartz, factory, replica);
        environment.lifecycle().manage(new Bounded("scheduler", ShutdownTimes.SCHEDULER, scheduler));
        Snapshots snapshots = new Snapshots(() -> built.status().snapshot(), built.status()::exists, System::nanoTime);
        environment.lifecycle().manage(Bounded.stopping("snapshot reader", ShutdownTimes.POOL, snapshots));
        built.presence().alsoTell(snapshots::forget);
        operate(environment, built, scheduler, data);
        new OperatorEndpoints(environment, built, snapshots).serve(factory.operators());
        environment
                .healthChecks()
                .register(
                        RequiredMigrationsHealthCheck.NAME,
                        new RequiredMigrationsHealthCheck(built.gate(), factory.requiredMigrations()));
        metrics.ask(
                () -> snapshots.fresh(FRESH),
                () -> !scheduler.isEnabled() || scheduler.isCheckedIn(),
                List.of(DATA_POOL, QUARTZ_POOL),
                environment.metrics());
        export(environment, prometheus);
    }

    private static ManagedDataSource pool(Environment environment, PooledDataSourceFactory factory, String name) {
        ManagedDataSource pool = NamedPool.build(factory, environment.metrics(), name);
        environment.lifecycle().manage(new Bounded("pool " + name, ShutdownTimes.POOL, pool));
        return pool;
    }

    /** Tells the webhook, if there is one. Without one nothing is started, and nothing asked of the database. */
    private static void send(
            Environment environment, BatchedMigrations engine, WebhookFactory webhook, ReplicaMetrics metrics) {
        webhook.endpoint().ifPresent(endpoint -> {
            WebhookSender sender = new WebhookSender(
                    engine.outbox(new Subscriber(engine.replica(), endpoint.hash(), webhook.events())),
                    endpoint,
                    metrics.webhook(),
                    Math::random);
            environment.lifecycle().manage(new Bounded("webhook", ShutdownTimes.POOL, sender));
            engine.presence().alsoTell(sender::wake);
        });
    }

    private static void operate(
            Environment environment, BatchedMigrations engine, SchedulerManaged scheduler, ManagedDataSource data) {
        environment
                .admin()
                .addFilter("bbm-foreign-requests", new ForeignRequests())
                .addMappingForUrlPatterns(EnumSet.of(DispatcherType.REQUEST), false, "/tasks/*");
        environment.admin().addTask(new StatusTask(engine.status()));
        environment.admin().addTask(ChangeTask.pause(engine.store()));
        environment.admin().addTask(ChangeTask.start(engine.store()));
        environment.admin().addTask(new BudgetTask(engine.budgets()));
        environment.admin().addTask(new PriorityTask(engine.store()));
        environment.admin().addTask(new RetryTask(engine));
        environment.admin().addTask(new QuarantineTask(engine.quarantine()));
        environment.admin().addTask(new WaiveTask(engine.quarantine()));
        environment.admin().addTask(new EventsTask(engine.eventLog()));
        VerifyTask verify = new VerifyTask(engine);
        environment.admin().addTask(verify);
        environment.lifecycle().addEventListener(new LifeCycle.Listener() {
            @Override
            public void lifeCycleStopping(LifeCycle event) {
                verify.stop();
            }
        });
        environment.healthChecks().register(DatabaseHealthCheck.NAME, new DatabaseHealthCheck(data));
        environment.healthChecks().register(SchedulerHealthCheck.NAME, new SchedulerHealthCheck(scheduler));
    }

    private static void export(Environment environment, PrometheusRegistry prometheus) {
        JvmMetrics.builder().register(prometheus);
        environment
                .admin()
                .addServlet("prometheus", new PrometheusServlet(prometheus))
                .addMapping("/prometheus");
    }
}
