package org.registrybbm.app.internal.cli;

import io.dropwizard.core.cli.Cli;
import io.dropwizard.core.cli.Command;
import io.dropwizard.core.setup.Bootstrap;
import java.io.PrintStream;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import net.sourceforge.argparse4j.inf.Namespace;
import net.sourceforge.argparse4j.inf.Subparser;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.access.Token;
import org.registrybbm.app.internal.text.CommandFailure;
import org.registrybbm.app.internal.text.Errors;

/** Runs {@code token create}: makes a token for the page and the API, and prints the line for the configuration file. */
public final class TokenCommand extends Command {
    private static final String NAME = "name";
    private static final String ROLE = "role";
    private static final String EXPIRES = "expires";

    private final PrintStream out;
    private final PrintStream err;

    /**
     * Creates the command.
     *
     * @param out where the token and the line go
     * @param err where the explanation goes
     */
    public TokenCommand(PrintStream out, PrintStream err) {
        super("token", "Make a token for the page and the API");
        this.out = out;
        this.err = err;
    }

    @Override
    public void configure(Subparser parser) {
        Subparser create = parser.addSubparsers()
                .title("subcommands")
                .metavar("SUBCOMMAND")
                .help("create")
                .addParser("create")
                .help("make a token, and print it once");
        create.description("""
                        Make a token for the page /bbm/ and the API /api/v1, print it once, and
                        print the line for the configuration file, which holds only its hash.
                        What its owner decides is recorded under its name.

                        Nothing is changed: the token is valid once the line is in the
                        configuration of each replica and they are started again.""");
        create.addArgument("--name").required(true).dest(NAME).help("whose it is: letters, digits and . _ @ -");
        create.addArgument("--role")
                .choices("read", "operate")
                .setDefault("read")
                .dest(ROLE)
                .help("read: look at everything; operate: change\\nthings too; by default read".replace("\\n", "\n"));
        create.addArgument("--expires")
                .dest(EXPIRES)
                .metavar("DATE")
                .help("the first day on which it is no longer valid,\nsuch as 2027-01-31; by default it always is");
    }

    @Override
    public void run(Bootstrap<?> bootstrap, Namespace namespace) {
        String name = namespace.getString(NAME);
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._@-]{0,62}")) {
            throw new CommandFailure("--name is '" + name
                    + "', allowed are letters, digits and . _ @ -, at most 63, beginning with a letter or digit");
        }
        String expires = namespace.getString(EXPIRES);
        requireDate(expires);
        String token = Token.create();
        err.println("Keep the token; it is shown only now:");
        out.println(token);
        String role = namespace.getString(ROLE);
        String hash = Token.hash(token);
        err.println("Put this line below backgroundMigrations.operators.tokens in the configuration file:");
        out.println("- {name: " + name + ", role: " + role + ", sha256: " + hash
                + (expires == null ? "" : ", expires: '" + expires + "'") + "}");
        err.println("Or add this to the environment variable REGISTRY_TOKENS, behind a comma if there are others:");
        out.println(name + ":" + role + ":" + hash + (expires == null ? "" : ":" + expires));
    }

    private static void requireDate(@Nullable String text) {
        try {
            if (text != null) {
                LocalDate unused = LocalDate.parse(text);
            }
        } catch (DateTimeParseException e) {
            throw new CommandFailure("--expires is '" + text + "', expected a date like 2027-01-31", e);
        }
    }

    @Override
    public void onError(Cli cli, Namespace namespace, Throwable e) {
        Errors.print(cli, e);
    }
}
