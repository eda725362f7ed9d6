package org.registrybbm.app.internal.cli;

import ch.qos.logback.classic.Level;
import io.dropwizard.core.Application;
import io.dropwizard.core.cli.Cli;
import io.dropwizard.core.cli.ConfiguredCommand;
import io.dropwizard.core.cli.ServerCommand;
import io.dropwizard.core.setup.Bootstrap;
import io.dropwizard.core.setup.Environment;
import net.sourceforge.argparse4j.inf.Namespace;
import net.sourceforge.argparse4j.inf.Subparser;
import org.registrybbm.app.config.RegistryConfiguration;
import org.registrybbm.app.internal.text.Errors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Holds the commands that Dropwizard brings, changed so that each prints its errors in one line. */
public final class RegistryCommands {
    private static final Logger LOGGER = LoggerFactory.getLogger(RegistryCommands.class);

    private RegistryCommands() {}

    /** Runs {@code server}. */
    public static final class Server extends ServerCommand<RegistryConfiguration> {
        /** Creates the command of the given application. */
        public Server(Application<RegistryConfiguration> application) {
            super(application, "server", "Run a replica: it works on batch jobs and answers HTTP");
        }

        @Override
        public void configure(Subparser parser) {
            super.configure(parser);
            parser.help("Run a replica: work on batch jobs and answer HTTP");
        }

        @Override
        protected void run(Environment environment, Namespace namespace, RegistryConfiguration configuration)
                throws Exception {
            // Dropwizard would log the same failure with a stack trace, which tells nobody what to do.
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

    /** Runs {@code check}. */
    public static final class Check extends ConfiguredCommand<RegistryConfiguration> {
        /** Creates the command. */
        public Check() {
            super("check", "Check the configuration, and start nothing");
        }

        @Override
        public void configure(Subparser parser) {
            super.configure(parser);
            parser.help("Check the configuration, and start nothing");
        }

        @Override
        protected Class<RegistryConfiguration> getConfigurationClass() {
            return RegistryConfiguration.class;
        }

        @Override
        protected void run(
                Bootstrap<RegistryConfiguration> bootstrap, Namespace namespace, RegistryConfiguration configuration) {
            System.out.println("the configuration is valid");
        }

        @Override
        public void onError(Cli cli, Namespace namespace, Throwable e) {
            Errors.print(cli, e);
        }
    }
}
