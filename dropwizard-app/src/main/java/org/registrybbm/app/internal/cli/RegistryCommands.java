package org.registrybbm.app.internal.cli;

import ch.qos.logback.classic.Level;
import com.codahale.metrics.MetricRegistry;
import io.dropwizard.core.Application;
import io.dropwizard.core.cli.Cli;
import io.dropwizard.core.cli.ConfiguredCommand;
import io.dropwizard.core.cli.ServerCommand;
import io.dropwizard.core.setup.Bootstrap;
import io.dropwizard.core.setup.Environment;
import io.dropwizard.db.DatabaseConfiguration;
import io.dropwizard.db.ManagedDataSource;
import io.dropwizard.db.PooledDataSourceFactory;
import io.dropwizard.migrations.DbCommand;
import java.util.Optional;
import liquibase.exception.LiquibaseException;
import net.sourceforge.argparse4j.inf.Namespace;
import org.registrybbm.app.config.RegistryConfiguration;
import org.registrybbm.app.internal.database.SchemaLocks;
import org.registrybbm.app.internal.text.CommandFailure;
import org.registrybbm.app.internal.text.Errors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The commands that Dropwizard brings, each with its errors in one line. */
public final class RegistryCommands {
    private static final Logger LOGGER = LoggerFactory.getLogger(RegistryCommands.class);

    private RegistryCommands() {}

    /** {@code server}. */
    public static final class Server extends ServerCommand<RegistryConfiguration> {
        /** Runs the given application. */
        public Server(Application<RegistryConfiguration> application) {
            super(application, "server", "Run this replica: HTTP, batch jobs, metrics");
        }

        @Override
        protected void run(Environment environment, Namespace namespace, RegistryConfiguration configuration)
                throws Exception {
            // It would log the same with a stack trace, which tells nobody what to do.
            if (LoggerFactory.getLogger(ServerCommand.class) instanceof ch.qos.logback.classic.Logger tracing) {
                tracing.setLevel(Level.OFF);
            }
            try {
                super.run(environment, namespace, configuration);
            } catch (Exception e) {
                LOGGER.error("the server did not start: {}", Errors.message(e));
                throw e;
            }
        }

        @Override
        public void onError(Cli cli, Namespace namespace, Throwable e) {
            Errors.print(cli, e);
        }
    }

    /** {@code check}. */
    public static final class Check extends ConfiguredCommand<RegistryConfiguration> {
        /** Describes the command. */
        public Check() {
            super("check", "Check the configuration");
        }

        @Override
        protected Class<RegistryConfiguration> getConfigurationClass() {
            return RegistryConfiguration.class;
        }

        @Override
        protected void run(
                Bootstrap<RegistryConfiguration> bootstrap, Namespace namespace, RegistryConfiguration configuration) {
            System.out.println("the configuration is right");
        }

        @Override
        public void onError(Cli cli, Namespace namespace, Throwable e) {
            Errors.print(cli, e);
        }
    }

    /** {@code db}. */
    public static final class Db extends DbCommand<RegistryConfiguration> {
        private final DatabaseConfiguration<RegistryConfiguration> database;

        /** Works on the database that the configuration names. */
        public Db(DatabaseConfiguration<RegistryConfiguration> database, String changelog) {
            super("db", database, RegistryConfiguration.class, changelog);
            this.database = database;
        }

        @Override
        protected void run(
                Bootstrap<RegistryConfiguration> bootstrap, Namespace namespace, RegistryConfiguration configuration)
                throws Exception {
            try {
                super.run(bootstrap, namespace, configuration);
            } catch (LiquibaseException e) {
                throw explained(e, configuration);
            }
        }

        private Exception explained(LiquibaseException e, RegistryConfiguration configuration) throws Exception {
            PooledDataSourceFactory factory = database.getDataSourceFactory(configuration);
            factory.asSingleConnectionPool();
            ManagedDataSource pool = factory.build(new MetricRegistry(), "db-locks");
            try {
                Optional<String> locked = SchemaLocks.why(e, pool);
                return locked.isPresent() ? new CommandFailure(locked.get(), e) : e;
            } finally {
                pool.stop();
            }
        }

        @Override
        public void onError(Cli cli, Namespace namespace, Throwable e) {
            Errors.print(cli, e);
        }
    }
}
