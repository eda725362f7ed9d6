package org.registrybbm.app.internal.cli;

import io.dropwizard.core.Configuration;
import io.dropwizard.core.cli.Cli;
import io.dropwizard.core.cli.ConfiguredCommand;
import io.dropwizard.core.setup.Bootstrap;
import io.dropwizard.db.ManagedDataSource;
import io.dropwizard.db.PooledDataSourceFactory;
import java.io.PrintStream;
import java.util.List;
import java.util.function.Function;
import net.sourceforge.argparse4j.impl.Arguments;
import net.sourceforge.argparse4j.inf.Namespace;
import net.sourceforge.argparse4j.inf.Subparser;
import org.registrybbm.app.internal.cli.foreground.FailedTries;
import org.registrybbm.app.internal.cli.foreground.ForegroundRun;
import org.registrybbm.app.internal.cli.foreground.ForegroundVerification;
import org.registrybbm.app.internal.database.DirectConnections;
import org.registrybbm.app.internal.database.NamedPool;
import org.registrybbm.app.internal.text.CommandFailure;
import org.registrybbm.app.internal.text.Errors;
import org.registrybbm.app.internal.text.Terminal;
import org.registrybbm.app.internal.text.answer.StatusJson;
import org.registrybbm.app.internal.text.answer.StatusTable;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.settings.RegistryLock;
import org.registrybbm.migrations.status.StatusReader;
import org.registrybbm.migrations.work.WorkRegistry;

/**
 * Runs {@code background-migrate status|pause|run|retry|...}, with which operators look at batched migrations and change them in a shell.
 * Answers go to stdout, everything else to stderr.
 *
 * @param <T> the application's configuration
 */
public final class BackgroundMigrateCommand<T extends Configuration> extends ConfiguredCommand<T> {
    private static final String SUBCOMMAND = "subcommand";
    private static final String MIGRATION = "migration";
    private static final String JSON = "json";
    private static final String ALL = "all";
    private static final String WATCH = "watch";
    private static final String WAIT = "wait";
    private static final String VERIFY = "verify";
    private static final String ATTEMPTS = "max-job-retry";
    private static final int DEFAULT_ATTEMPTS = 2;
    private static final int MAX_ATTEMPTS = 10;

    private final Class<T> configurationClass;
    private final Function<T, Setup> setup;
    private final PrintStream out;
    private final PrintStream err;

    /**
     * Holds what the command needs from a configuration.
     *
     * @param dataPool connections to the database
     * @param settings the settings of the engine
     * @param workRegistry the work functions that {@code run} and {@code verify} may need
     * @param registryLock whether {@code run} keeps the container registry's own software out
     */
    public record Setup(
            PooledDataSourceFactory dataPool,
            EngineSettings settings,
            WorkRegistry workRegistry,
            RegistryLock registryLock) {}

    /**
     * Creates the command.
     *
     * @param configurationClass the application's configuration
     * @param setup picks what the command needs from it
     * @param out where answers go
     * @param err where progress and errors go
     */
    public BackgroundMigrateCommand(
            Class<T> configurationClass, Function<T, Setup> setup, PrintStream out, PrintStream err) {
        super("background-migrate", "Show, pause, start, run, repair and verify batched background migrations");
        this.configurationClass = configurationClass;
        this.setup = setup;
        this.out = out;
        this.err = err;
    }

    @Override
    protected Class<T> getConfigurationClass() {
        return configurationClass;
    }

    @Override
    public void configure(Subparser parser) {
        parser.help("Show, pause, start, run, repair and verify\nbatched background migrations")
                .epilog("""
                        'background-migrate SUBCOMMAND --help' explains a subcommand.

                        Answers go to standard output, progress and errors to standard error.
                        The exit code is 0 for success, 1 for a failure and 2 for wrong usage.""");
        Subparser status = subcommand(parser, "status", "Show what each batched migration is doing");
        status.description("""
                        Show each batched migration: how far it is, what it is doing or why it
                        stands still, and after '>' what to type next.

                        NEEDS YOU   goes on only when somebody does something
                        AT WORK     a replica works on it
                        STANDING    waits, or was paused
                        DONE        finished; only counted unless --all or --migration is given

                        Rows        how many rows were looked at, of about how many there are

                        Lines fit the terminal, or have up to 120 characters.""").epilog("""
                        The exit code of --wait is 0 if all are finished, 1 if one needs somebody,
                        3 if one is paused, and 4 if the time was over.

                        Examples:
                          background-migrate status --watch
                          background-migrate status --wait 30m --migration widen
                          background-migrate status --json --migration widen""");
        status.addArgument("--all").dest(ALL).action(Arguments.storeTrue()).help("list those that are done too");
        status.addArgument("--watch")
                .dest(WATCH)
                .action(Arguments.storeTrue())
                .help("show it again every 2 s until Ctrl-C, or until a\n--wait ends");
        status.addArgument("--wait")
                .dest(WAIT)
                .metavar("TIME")
                .help("show nothing and wait, such as 90s, 30m or 2h, until\nnothing goes on by itself any more");
        status.addArgument("--json")
                .dest(JSON)
                .action(Arguments.storeTrue())
                .help("print JSON for programs instead of a table; has all");
        configureLook(parser);
        Subparser pause = subcommand(parser, StatusCommand.PAUSE, "Pause active and running batched migrations");
        Asked.configure(pause);
        pause.description("""
                        Pause batched migrations that are active or running. A batch job in
                        flight ends after its current sub-batch, about half a second later, and
                        keeps its cursor. No attempt is counted.""").epilog("""
                        Without --migration, all are paused. Start them again with
                        'background-migrate start'.""");
        Subparser start = subcommand(parser, StatusCommand.START, "Make paused batched migrations active");
        Asked.configure(start);
        start.description("""
                        Make paused batched migrations active. Their batch jobs continue at their
                        cursors. Failed migrations stay failed; try them again with
                        'background-migrate retry'.""").epilog("""
                        Without --migration, all paused ones are started.""");
        Subparser resume = subcommand(parser, "resume", "Do the same as 'start'");
        Asked.configure(resume);
        resume.description("""
                        Make paused batched migrations active, as 'background-migrate start' does.""").epilog("""
                        Without --migration, all paused ones are started.""");
        subcommand(
                        parser,
                        "run",
                        "Run batched migrations to their end in the\nforeground, including failed and paused ones")
                .description("""
                        Run batched migrations to their end in the foreground. Failed ones run
                        first, and paused ones run too. Replicas may work on the same migrations
                        meanwhile. Ctrl-C hands the current batch job back.

                        The exit code is 1 if a migration failed or is not finished.""")
                .epilog("""
                        Without --migration, all that are not finished are run.

                        Example:
                          background-migrate run -r 5 --migration widen""")
                .addArgument("-r", "--max-job-retry")
                .dest(ATTEMPTS)
                .metavar("N")
                .type(Integer.class)
                .choices(Arguments.range(1, MAX_ATTEMPTS))
                .setDefault(DEFAULT_ATTEMPTS)
                .help("how many times to try each batch job before its\nmigration fails: 1 to 10, default 2");
        configureRepair(parser);
        Subparser budgets = plainSubcommand(parser, BudgetCommand.BUDGET, "Show or change how much may run at once");
        BudgetCommand.configureBudget(budgets);
        addFileArgument(budgets);
        Subparser priority = plainSubcommand(parser, BudgetCommand.PRIORITY, "Set the priority of a batched migration");
        BudgetCommand.configurePriority(priority);
        addFileArgument(priority);
    }

    private void configureLook(Subparser parser) {
        Subparser why = plainSubcommand(parser, LookCommand.WHY, "Say why a batched migration stands still");
        LookCommand.configureWhy(why);
        addFileArgument(why);
        Subparser show = plainSubcommand(parser, LookCommand.SHOW, "Show all that is known of a batched migration");
        LookCommand.configureShow(show);
        addFileArgument(show);
        Subparser jobs = plainSubcommand(parser, LookCommand.JOBS, "List the batch jobs of a batched migration");
        LookCommand.configureJobs(jobs);
        addFileArgument(jobs);
    }

    private void configureRepair(Subparser parser) {
        Subparser retry = plainSubcommand(
                parser, RepairCommand.RETRY, "Try failed migrations, failed batch jobs and\nquarantined rows again");
        RepairCommand.configureRetry(retry);
        addFileArgument(retry);
        subcommand(parser, RepairCommand.QUARANTINE, "List the rows that could not be changed")
                .description("""
                        List the rows that could not be changed, and why. Their migration goes on
                        without them. Fix such a row and run 'background-migrate retry', or leave
                        it as it is with 'background-migrate waive'. Rows that were changed or
                        waived since then are listed as well.""")
                .addArgument("--json")
                .dest(JSON)
                .action(Arguments.storeTrue())
                .help("print JSON for programs instead of a table");
        Subparser waive = plainSubcommand(parser, RepairCommand.WAIVE, "Leave quarantined rows as they are");
        RepairCommand.configureWaive(waive);
        addFileArgument(waive);
        subcommand(parser, VERIFY, "Search tables for rows that are not done")
                .description("""
                        Search the tables of batched migrations for rows that are not done, and
                        change nothing but 'verified_at'. This needs the work functions, and they
                        must say which rows are pending. Ctrl-C stops the search after the range
                        of rows that it is reading.

                        The exit code is 1 if rows are left, or if the search was stopped.""")
                .epilog("""
                        Without --migration, all finished migrations are verified. One that is
                        named need not be finished.

                        Example:
                          background-migrate verify --migration widen""");
        Subparser events =
                plainSubcommand(parser, RepairCommand.EVENTS, "Show what was decided about a batched migration");
        RepairCommand.configureEvents(events);
        addFileArgument(events);
    }

    private Subparser subcommand(Subparser parser, String name, String description) {
        Subparser sub = plainSubcommand(parser, name, description);
        sub.addArgument("--migration")
                .dest(MIGRATION)
                .metavar("NAME")
                .action(Arguments.append())
                .help("only this batched migration; may be repeated");
        addFileArgument(sub);
        return sub;
    }

    private static Subparser plainSubcommand(Subparser parser, String name, String description) {
        return parser.addSubparsers()
                .title("subcommands")
                .metavar("SUBCOMMAND")
                .help("one of the following")
                .addParser(name)
                .setDefault(SUBCOMMAND, name)
                .description(description)
                .help(description);
    }

    @Override
    public void run(Bootstrap<?> bootstrap, Namespace namespace) throws Exception {
        super.run(
                bootstrap,
                namespace.getString(SUBCOMMAND).equals(BudgetCommand.BUDGET)
                        ? BudgetCommand.settled(namespace)
                        : namespace);
    }

    @Override
    protected void run(Bootstrap<T> bootstrap, Namespace namespace, T configuration) throws Exception {
        Setup parts = setup.apply(configuration);
        ManagedDataSource pool = NamedPool.build(parts.dataPool(), bootstrap.getMetricRegistry(), "background-migrate");
        pool.start();
        try {
            run(namespace, parts, pool);
        } finally {
            pool.stop();
        }
    }

    private void run(Namespace namespace, Setup parts, ManagedDataSource pool) {
        BatchedMigrations.Builder engine = BatchedMigrations.on(pool).workRegistry(parts.workRegistry());
        switch (namespace.getString(SUBCOMMAND)) {
            case BudgetCommand.BUDGET -> BudgetCommand.budget(namespace, engine.build(), out, err);
            case BudgetCommand.PRIORITY -> BudgetCommand.priority(namespace, engine.build(), out, err);
            case RepairCommand.WAIVE -> RepairCommand.waive(namespace, engine.build(), out);
            case RepairCommand.EVENTS -> RepairCommand.events(namespace, engine.build(), out);
            case LookCommand.WHY, LookCommand.SHOW, LookCommand.JOBS ->
                LookCommand.run(namespace.getString(SUBCOMMAND), namespace, engine.build(), out);
            default -> run(namespace, parts, engine);
        }
    }

    private void run(Namespace namespace, Setup parts, BatchedMigrations.Builder engine) {
        List<String> given = namespace.getList(MIGRATION);
        List<String> names = given == null ? List.of() : List.copyOf(given);
        switch (namespace.getString(SUBCOMMAND)) {
            case RepairCommand.RETRY -> RepairCommand.retry(namespace, names, engine.build(), out);
            case RepairCommand.QUARANTINE ->
                RepairCommand.quarantine(namespace.getBoolean(JSON), names, engine.build(), out);
            case VERIFY ->
                new ForegroundVerification(engine.settings(parts.settings()).build(), names, out, err).run();
            default -> changeOrShow(namespace, parts, engine, names);
        }
    }

    private void changeOrShow(Namespace namespace, Setup parts, BatchedMigrations.Builder engine, List<String> names) {
        if (namespace.getString(SUBCOMMAND).equals("run")) {
            EngineSettings settings = parts.settings().toBuilder()
                    .maxJobAttempts(namespace.getInt(ATTEMPTS))
                    .build()
                    .inForeground();
            DirectConnections.like(parts.dataPool()).ifPresent(engine::presence);
            engine.settings(settings).listener(new FailedTries(settings, err)).registryLock(parts.registryLock());
            try (BatchedMigrations present = engine.build()) {
                present.presence().start(() -> {});
                new ForegroundRun(present, names, err).run();
            }
            return;
        }
        BatchedMigrations built = engine.build();
        switch (namespace.getString(SUBCOMMAND)) {
            case StatusCommand.PAUSE -> StatusCommand.pause(namespace, built, names, out, err);
            case "resume", StatusCommand.START -> StatusCommand.start(namespace, built, names, out, err);
            default -> printStatus(namespace, built.status(), names);
        }
    }

    private void printStatus(Namespace namespace, StatusReader status, List<String> names) {
        String longest = namespace.getString(WAIT);
        boolean watch = namespace.getBoolean(WATCH);
        if ((watch || longest != null) && namespace.getBoolean(JSON)) {
            throw new CommandFailure("--json cannot be combined with --watch or --wait");
        }
        boolean all = !names.isEmpty() || namespace.getBoolean(ALL);
        if (watch || longest != null) {
            new StatusWatch(status, names, all, out, err)
                    .run(watch, longest == null ? null : GateCheckCommand.length(longest));
        } else if (namespace.getBoolean(JSON)) {
            out.println(new StatusJson().render(status.overviews(names)));
        } else {
            int width = Terminal.width(System.getenv()).orElse(StatusTable.WIDTH);
            out.print(StatusTable.render(status.overviews(names), width, all));
        }
        out.flush();
    }

    @Override
    public void onError(Cli cli, Namespace namespace, Throwable e) {
        Errors.print(cli, e);
    }
}
