package org.registrybbm.app;

import com.codahale.metrics.MetricRegistry;
import io.dropwizard.core.Application;
import io.dropwizard.core.ConfiguredBundle;
import io.dropwizard.core.cli.Cli;
import io.dropwizard.core.setup.Bootstrap;
import io.dropwizard.core.setup.Environment;
import io.dropwizard.logging.common.LoggingFactory;
import io.dropwizard.logging.common.LoggingUtil;
import io.dropwizard.util.JarLocation;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Map;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.config.RegistryConfiguration;
import org.registrybbm.app.demo.DemoCommand;
import org.registrybbm.app.internal.cli.RegistryCommands;
import org.registrybbm.app.internal.cli.SchemaCommand;
import org.registrybbm.app.internal.config.RegistryConfigurationFactory;
import org.registrybbm.app.internal.database.Changelog;
import org.registrybbm.app.internal.database.DatabaseUse;
import org.registrybbm.app.internal.embedded.RegistryDatabase;
import org.registrybbm.app.internal.lifecycle.ParentWatch;
import org.registrybbm.app.internal.lifecycle.ShutdownTimes;
import org.registrybbm.app.internal.lifecycle.ShutdownWatchdog;
import org.registrybbm.app.internal.logging.CliLogging;
import org.registrybbm.app.internal.logging.HidingLoggingFactory;
import org.registrybbm.app.internal.process.Given;
import org.registrybbm.app.internal.process.Streams;
import org.registrybbm.app.internal.text.CommandFailure;
import org.registrybbm.app.internal.text.Errors;
import org.registrybbm.migrations.liquibase.SchemaLock;

/** Runs the application {@code registry}: a replica that runs batched migrations, and the commands to operate them. */
public final class RegistryApplication extends Application<RegistryConfiguration> {
    private static final String SERVER = "server";
    private static final String CHECK = "check";

    private final Map<String, String> variables;
    private final IntConsumer exit;
    private String command = "";
    private @Nullable RegistryDatabase database;
    private @Nullable AutoCloseable use;

    /**
     * Describes the process around the application.
     *
     * @param variables environment variables for the configuration
     * @param exit ends the process with a code
     */
    public RegistryApplication(Map<String, String> variables, IntConsumer exit) {
        this.variables = Map.copyOf(variables);
        this.exit = exit;
    }

    /** Runs a command. */
    public static void main(String... arguments) throws Exception {
        System.setProperty("liquibase.analytics.enabled", "false");
        System.setProperty("liquibase.hostDescription", SchemaLock.HOST_DESCRIPTION);
        Streams.install();
        Given given = Given.toThisProcess(arguments);
        new RegistryApplication(given.environment(), System::exit)
                .run(given.arguments().toArray(String[]::new));
    }

    @Override
    public String getName() {
        return "registry";
    }

    @Override
    public void run(String... arguments) throws Exception {
        command = arguments.length == 0 ? "" : arguments[0];
        try {
            start(arguments);
        } finally {
            release();
        }
    }

    /** Does what Dropwizard does, but registers metrics of the JVM, which starts JMX, only where they are read. */
    private void start(String... arguments) {
        Bootstrap<RegistryConfiguration> bootstrap = new Bootstrap<>(this);
        addDefaultCommands(bootstrap);
        initialize(bootstrap);
        if (command.equals(SERVER)) {
            bootstrap.registerMetrics();
        }
        new Cli(new JarLocation(getClass()), bootstrap, System.out, System.err)
                .run(arguments)
                .ifPresent(this::onFatalError);
    }

    @Override
    protected void bootstrapLogging() {
        LoggingUtil.hijackJDKLogging();
        commandLogging().configure(new MetricRegistry(), getName());
    }

    private static LoggingFactory commandLogging() {
        return new HidingLoggingFactory(new CliLogging());
    }

    @Override
    protected void addDefaultCommands(Bootstrap<RegistryConfiguration> bootstrap) {
        bootstrap.addCommand(new RegistryCommands.Server(this));
        bootstrap.addCommand(new RegistryCommands.Check());
        bootstrap.addCommand(new SchemaCommand(
                configuration -> database(configuration)
                        .pools()
                        .schema(configuration.database().pool()),
                configuration -> database(configuration)
                        .pools()
                        .data(
                                configuration.database().pool(),
                                configuration.backgroundMigrations().statementTimeout()),
                Changelog.PATH,
                System.out,
                System.err));
        bootstrap.addCommand(new DemoCommand());
    }

    @Override
    public void initialize(Bootstrap<RegistryConfiguration> bootstrap) {
        bootstrap.setConfigurationFactoryFactory(
                (type, validator, mapper, prefix) -> new RegistryConfigurationFactory<>(
                        type,
                        needsAll() ? validator : ServerBlocks.unchecked(bootstrap.getValidatorFactory()),
                        needsAll() ? mapper : ServerBlocks.unread(mapper),
                        variables,
                        this::withLogging));
        // Managed first and so stopped last: an embedded database is needed until everything else has stopped.
        bootstrap.addBundle(new ConfiguredBundle<RegistryConfiguration>() {
            @Override
            public void run(RegistryConfiguration configuration, Environment environment) {
                environment.lifecycle().manage(new DatabaseUse(database(configuration)::use));
            }
        });
        bootstrap.addBundle(new BatchedMigrationsBundle<RegistryConfiguration>(
                        RegistryConfiguration::backgroundMigrations,
                        configuration -> database(configuration)
                                .pools()
                                .data(
                                        configuration.database().pool(),
                                        configuration.backgroundMigrations().statementTimeout()),
                        configuration -> database(configuration)
                                .pools()
                                .quartz(configuration.database().quartzPool()))
                .sentry(RegistryConfiguration::sentry));
    }

    @Override
    public void run(RegistryConfiguration configuration, Environment environment) {
        ShutdownWatchdog.install(ShutdownTimes.PROCESS);
        if ("true".equals(variables.get(ParentWatch.VARIABLE))) {
            ParentWatch.install(System.in);
        }
    }

    @Override
    protected void onFatalError(Throwable error) {
        release();
        exit.accept(Errors.exitCode(error));
    }

    private RegistryConfiguration withLogging(RegistryConfiguration configuration) {
        configuration.setLoggingFactory(
                command.equals(SERVER)
                        ? new HidingLoggingFactory(configuration.getLoggingFactory())
                        : commandLogging());
        return configuration;
    }

    private boolean needsAll() {
        return command.equals(SERVER) || command.equals(CHECK);
    }

    // Opened when it is first needed, because 'check' and '--help' need no database.
    private synchronized RegistryDatabase database(RegistryConfiguration configuration) {
        RegistryDatabase open = database;
        if (open == null) {
            try {
                open = RegistryDatabase.open(configuration.database(), schema(), System.err::println);
            } catch (IOException | SQLException e) {
                throw new CommandFailure(String.valueOf(e.getMessage()), e);
            }
            database = open;
            use = open.use();
        }
        return open;
    }

    private RegistryDatabase.Schema schema() {
        return switch (command) {
            case SERVER -> RegistryDatabase.Schema.UPDATE;
            case "db" -> RegistryDatabase.Schema.LEAVE;
            default -> RegistryDatabase.Schema.MAKE;
        };
    }

    private synchronized void release() {
        AutoCloseable held = use;
        use = null;
        if (held != null) {
            try {
                held.close();
            } catch (Exception e) {
                System.err.println("the database was not released: " + e.getMessage());
            }
        }
    }
}
