package org.registrybbm.app.demo;

import io.dropwizard.core.cli.Cli;
import io.dropwizard.core.cli.Command;
import io.dropwizard.core.setup.Bootstrap;
import net.sourceforge.argparse4j.impl.Arguments;
import net.sourceforge.argparse4j.inf.Namespace;
import net.sourceforge.argparse4j.inf.Subparser;
import org.registrybbm.app.internal.text.Errors;

/** Runs {@code demo}: three replicas work, one of them is killed, and every row is checked. Nothing is left behind. */
public final class DemoCommand extends Command {
    private static final int DEFAULT_ROWS = 1_000_000;
    private static final int LEAST_ROWS = 1_000;
    private static final int MOST_ROWS = 100_000_000;

    /** Creates the command. */
    public DemoCommand() {
        super(
                "demo",
                "Show three replicas that share batched migrations on an embedded\n"
                        + "PostgreSQL. One is killed on the way, and every row is checked at the end.");
    }

    @Override
    public void configure(Subparser parser) {
        parser.help("Show three replicas, one of which is killed");
        parser.addArgument("--rows")
                .type(Integer.class)
                .choices(Arguments.range(LEAST_ROWS, MOST_ROWS))
                .setDefault(DEFAULT_ROWS)
                .metavar("N")
                .help("rows in each of the two tables:\n1000 to 100000000");
    }

    @Override
    public void run(Bootstrap<?> bootstrap, Namespace namespace) throws Exception {
        try (DemoStage stage =
                DemoStage.open(bootstrap.getApplication().getClass(), line -> System.out.println(line))) {
            new Demo(stage, namespace.getInt("rows"), System.out).play();
        }
    }

    @Override
    public void onError(Cli cli, Namespace namespace, Throwable e) {
        Errors.print(cli, e);
    }
}
