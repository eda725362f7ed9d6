package org.registrybbm.app.internal.cli;

import java.io.PrintStream;
import java.util.List;
import net.sourceforge.argparse4j.impl.Arguments;
import net.sourceforge.argparse4j.inf.Namespace;
import net.sourceforge.argparse4j.inf.Subparser;
import org.registrybbm.app.internal.text.Terminal;
import org.registrybbm.app.internal.text.answer.BatchJobTable;
import org.registrybbm.app.internal.text.answer.MigrationText;
import org.registrybbm.app.internal.text.answer.StatusTable;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.audit.RecordedEvent;
import org.registrybbm.migrations.status.MigrationOverview;

/** Runs {@code background-migrate why}, {@code show} and {@code jobs}, which look at one batched migration. */
final class LookCommand {
    static final String WHY = "why";
    static final String SHOW = "show";
    static final String JOBS = "jobs";

    private static final String NAME = "name";
    private static final String ALL = "all";
    private static final String LIMIT = "limit";
    private static final int MOST = 1_000;
    private static final int DEFAULT_LIMIT = 50;
    private static final int FEW_EVENTS = 5;
    private static final int MAP_CELLS = 50;

    private LookCommand() {}

    static void configureWhy(Subparser sub) {
        sub.description("""
                        Say what a batched migration is doing or why it stands still, what to type
                        to end that, and what was decided about it lately.""").epilog("""
                        Example:
                          background-migrate why widen""");
        name(sub);
    }

    static void configureShow(Subparser sub) {
        sub.description("""
                        Show all that is known of a batched migration: how far and how fast it is,
                        where in its keys it has been, its batch jobs that are not finished, and
                        what was decided about it lately.""").epilog("""
                        Example:
                          background-migrate show widen""");
        name(sub);
    }

    static void configureJobs(Subparser sub) {
        sub.description("""
                        List the batch jobs of a batched migration that are not finished, the
                        newest first.""").epilog("""
                        Example:
                          background-migrate jobs widen --all --limit 200""");
        name(sub);
        sub.addArgument("--all").dest(ALL).action(Arguments.storeTrue()).help("list those that are finished too");
        sub.addArgument("--limit")
                .dest(LIMIT)
                .metavar("N")
                .type(Integer.class)
                .choices(Arguments.range(1, MOST))
                .setDefault(DEFAULT_LIMIT)
                .help("how many to list: 1 to 1000, default 50");
    }

    private static void name(Subparser sub) {
        sub.addArgument(NAME).metavar("NAME").help("the batched migration");
    }

    static void run(String subcommand, Namespace namespace, BatchedMigrations engine, PrintStream out) {
        MigrationOverview one =
                engine.status().overviews(List.of(namespace.getString(NAME))).get(0);
        out.print(
                switch (subcommand) {
                    case WHY -> MigrationText.why(one, events(one, engine), width());
                    case SHOW ->
                        MigrationText.show(
                                one,
                                engine.status().map(one, MAP_CELLS),
                                engine.status().batchJobs(one.migration().id(), true, Long.MAX_VALUE, DEFAULT_LIMIT),
                                events(one, engine),
                                width());
                    default ->
                        BatchJobTable.render(engine.status()
                                .batchJobs(
                                        one.migration().id(),
                                        !namespace.getBoolean(ALL),
                                        Long.MAX_VALUE,
                                        namespace.getInt(LIMIT)));
                });
        out.flush();
    }

    private static int width() {
        return Terminal.width(System.getenv()).orElse(StatusTable.WIDTH);
    }

    private static List<RecordedEvent> events(MigrationOverview one, BatchedMigrations engine) {
        return engine.eventLog().newest(one.migration().name(), FEW_EVENTS);
    }
}
