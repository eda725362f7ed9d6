package org.registrybbm.app;

import io.dropwizard.core.Application;
import io.dropwizard.core.ConfiguredBundle;
import io.dropwizard.core.setup.Bootstrap;
import io.dropwizard.core.setup.Environment;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Map;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.config.RegistryConfiguration;
import org.registrybbm.app.demo.DemoCommand;
import org.registrybbm.app.internal.cli.CliLogging;
import org.registrybbm.app.internal.cli.RegistryCommands;
import org.registrybbm.app.internal.cli.SchemaCommand;
import org.registrybbm.app.internal.config.RegistryConfigurationFactory;
import org.registrybbm.app.internal.database.Changelog;
import org.registrybbm.app.internal.database.DatabaseUse;
import org.registrybbm.app.internal.embedded.RegistryDatabase;
import org.registrybbm.app.internal.lifecycle.ParentWatch;
import org.registrybbm.app.internal.lifecycle.ShutdownTimes;
import org.registrybbm.app.internal.lifecycle.ShutdownWatchdog;
import org.registrybbm.app.internal.logging.HidingLoggingFactory;
import org.registrybbm.app.internal.process.Given;
import org.registrybbm.app.internal.process.Streams;
import org.registrybbm.app.internal.text.CommandFailure;
import org.registrybbm.app.internal.text.Errors;
import org.registrybbm.migrations.liquibase.SchemaLock;

/** Runs the application {@code registry}: a replica that runs batched migrations, and the commands to operate them. */
public final class RegistryApplication extends Application<RegistryConfiguration> {
    private static final String SERVER = "server";

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
            super.run(arguments);
        } finally {
            release();
        }
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
        bootstrap.setConfigurationFactoryFactory((type, validator, mapper, prefix) ->
                new RegistryConfigurationFactory<>(type, validator, mapper, variables, this::withLogging));
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
        configuration.setLoggingFactory(new HidingLoggingFactory(
                command.equals(SERVER) ? configuration.getLoggingFactory() : CliLogging.warningsOnStderr()));
        return configuration;
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
