package org.registrybbm.app.internal.cli;

import io.dropwizard.core.Configuration;
import io.dropwizard.core.cli.Cli;
import io.dropwizard.core.cli.ConfiguredCommand;
import io.dropwizard.core.setup.Bootstrap;
import java.io.PrintStream;
import java.util.UUID;
import java.util.function.Function;
import net.sourceforge.argparse4j.inf.Namespace;
import net.sourceforge.argparse4j.inf.Subparser;
import org.registrybbm.app.config.WebhookFactory;
import org.registrybbm.app.internal.access.WallClock;
import org.registrybbm.app.internal.text.CommandFailure;
import org.registrybbm.app.internal.text.Errors;
import org.registrybbm.app.internal.webhook.Answer;
import org.registrybbm.app.internal.webhook.Endpoint;
import org.registrybbm.app.internal.webhook.TestMessage;

/**
 * Runs {@code webhook test}: sends one message to the webhook of a configuration, and prints the answer. It needs no database.
 *
 * @param <T> the application's configuration
 */
public final class WebhookCommand<T extends Configuration> extends ConfiguredCommand<T> {
    private final Class<T> configurationClass;
    private final Function<? super T, WebhookFactory> webhook;
    private final PrintStream out;

    /**
     * Creates the command.
     *
     * @param configurationClass the application's configuration
     * @param webhook picks the webhook from it
     * @param out where the answer goes
     */
    public WebhookCommand(Class<T> configurationClass, Function<? super T, WebhookFactory> webhook, PrintStream out) {
        super("webhook", "Try the webhook");
        this.configurationClass = configurationClass;
        this.webhook = webhook;
        this.out = out;
    }

    @Override
    protected Class<T> getConfigurationClass() {
        return configurationClass;
    }

    @Override
    public void configure(Subparser parser) {
        Subparser test = parser.addSubparsers()
                .title("subcommands")
                .metavar("SUBCOMMAND")
                .help("test")
                .addParser("test")
                .help("send one message, and print the answer");
        test.description("""
                        Send one message of the type 'batched_migration.test' to the webhook of the
                        configuration, and print the answer. Nothing is tried again, and no
                        database is needed.

                        The exit code is 0 if the receiver took the message, and 1 if it did not.""");
        addFileArgument(test);
    }

    @Override
    protected void run(Bootstrap<T> bootstrap, Namespace namespace, T configuration) throws Exception {
        Endpoint endpoint = webhook.apply(configuration)
                .endpoint()
                .orElseThrow(() -> new CommandFailure("there is no webhook in the configuration; set"
                        + " backgroundMigrations.webhook.url (in the packed file by REGISTRY_WEBHOOK_URL)"));
        Answer answer = endpoint.send(TestMessage.of(UUID.randomUUID(), WallClock.MACHINE.now()));
        if (!(answer instanceof Answer.Accepted)) {
            throw new CommandFailure("the message was not taken: " + answer.text());
        }
        out.println("the message was taken: " + answer.text());
    }

    @Override
    public void onError(Cli cli, Namespace namespace, Throwable e) {
        Errors.print(cli, e);
    }
}
