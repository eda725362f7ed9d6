package org.registrybbm.app.internal.cli;

import io.dropwizard.db.DatabaseConfiguration;
import io.dropwizard.migrations.AbstractLiquibaseCommand;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import liquibase.Contexts;
import liquibase.Liquibase;
import liquibase.exception.LiquibaseException;
import net.sourceforge.argparse4j.impl.Arguments;
import net.sourceforge.argparse4j.inf.Namespace;
import net.sourceforge.argparse4j.inf.Subparser;
import org.registrybbm.app.config.RegistryConfiguration;
import org.registrybbm.app.internal.text.CommandFailure;
import org.registrybbm.migrations.liquibase.Preflight;
import org.registrybbm.migrations.liquibase.Refusal;

/** Runs {@code db check}: asks the gates of all changesets that have not run yet, and changes nothing. */
final class GateCheckCommand extends AbstractLiquibaseCommand<RegistryConfiguration> {
    static final String NAME = "check";

    private static final String WAIT = "wait";
    private static final String CONTEXTS = "contexts";
    // Only db migrate has this option.
    private static final String COUNT = "count";
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofDays(365);
    private static final Duration LINE = Duration.ofSeconds(10);

    private final PrintStream err;

    GateCheckCommand(DatabaseConfiguration<RegistryConfiguration> database, String changelog, PrintStream err) {
        super(
                NAME,
                "Ask whether batched migrations stand in the way of the pending schema changes",
                database,
                RegistryConfiguration.class,
                changelog);
        this.err = err;
    }

    @Override
    public void configure(Subparser parser) {
        super.configure(parser);
        parser.description("""
                        Ask the gates of all schema changes that are pending, and change nothing.
                        A gate is a schema change's demand that batched migrations are finished.
                        'db migrate' does the same before its first schema change.

                        The exit code is 1 if a gate refuses.""");
        parser.addArgument("-i", "--include")
                .action(Arguments.append())
                .dest(CONTEXTS)
                .metavar("CONTEXT")
                .help("only schema changes of this context; may be\nrepeated");
        addWait(parser);
    }

    /** Adds the option that says how long to wait for migrations that run. */
    static void addWait(Subparser parser) {
        parser.addArgument("--wait")
                .dest(WAIT)
                .metavar("TIME")
                .help(
                        "how long to wait for batched migrations that\nrun, such as 90s, 30m or 2h; by default not at all");
    }

    @Override
    protected void run(Namespace namespace, Liquibase liquibase) throws LiquibaseException {
        requireOpen(namespace, liquibase);
        err.println("no batched migration stands in the way of the pending schema changes");
    }

    /**
     * Asks the gates, and waits for those that will open if that is wanted.
     *
     * @throws CommandFailure when a gate refuses; the refusals are printed
     */
    void requireOpen(Namespace namespace, Liquibase liquibase) throws LiquibaseException {
        long end = System.nanoTime() + wait(namespace.getString(WAIT)).toNanos();
        long line = System.nanoTime();
        Contexts contexts = contexts(namespace);
        Integer count = namespace.getInt(COUNT);
        int most = count == null ? Integer.MAX_VALUE : count;
        List<Refusal> refusals = Preflight.refusals(liquibase, contexts, most);
        while (!refusals.isEmpty() && refusals.stream().allMatch(Refusal::running) && System.nanoTime() < end) {
            if (System.nanoTime() >= line) {
                line += LINE.toNanos();
                refusals.forEach(one -> err.println("waiting: " + firstLines(one)));
            }
            pause();
            refusals = Preflight.refusals(liquibase, contexts, most);
        }
        if (!refusals.isEmpty()) {
            print(refusals);
            throw CommandFailure.alreadySaid();
        }
    }

    private static String firstLines(Refusal refusal) {
        return refusal.text().lines().limit(2).map(String::strip).collect(Collectors.joining(": "));
    }

    private void print(List<Refusal> refusals) {
        err.println("no schema change was made, for "
                + (refusals.size() == 1 ? "1 reason:" : refusals.size() + " reasons:"));
        for (Refusal refusal : refusals) {
            err.println();
            err.println("changeset " + refusal.changeSet() + ":");
            refusal.text().lines().forEach(text -> err.println("  " + text));
        }
    }

    private static Contexts contexts(Namespace namespace) {
        List<?> given = namespace.getList(CONTEXTS);
        return given == null
                ? new Contexts()
                : new Contexts(given.stream().map(String::valueOf).collect(Collectors.joining(",")));
    }

    private static Duration wait(String given) {
        return given == null ? Duration.ZERO : length(given);
    }

    /**
     * Reads the value of an option {@code --wait}.
     *
     * @throws CommandFailure when it is no length of time
     */
    static Duration length(String given) {
        try {
            Duration length = io.dropwizard.util.Duration.parse(given).toJavaDuration();
            return length.compareTo(LONGEST) < 0 ? length : LONGEST;
        } catch (IllegalArgumentException e) {
            throw new CommandFailure("--wait is '" + given + "', but must be a length of time such as 90s, 30m or 2h");
        }
    }

    private static void pause() {
        try {
            TimeUnit.NANOSECONDS.sleep(LOOK.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure("interrupted while waiting for batched migrations", e);
        }
    }
}
