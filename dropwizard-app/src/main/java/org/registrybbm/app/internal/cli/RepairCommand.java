package org.registrybbm.app.internal.cli;

import java.io.PrintStream;
import java.util.List;
import net.sourceforge.argparse4j.impl.Arguments;
import net.sourceforge.argparse4j.inf.MutuallyExclusiveGroup;
import net.sourceforge.argparse4j.inf.Namespace;
import net.sourceforge.argparse4j.inf.Subparser;
import org.registrybbm.app.internal.operate.Decision;
import org.registrybbm.app.internal.text.CommandFailure;
import org.registrybbm.app.internal.text.RepairText;
import org.registrybbm.app.internal.text.answer.EventTable;
import org.registrybbm.app.internal.text.answer.QuarantineTable;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.audit.RecordedEvent;
import org.registrybbm.migrations.model.StatusChange.Decider;
import org.registrybbm.migrations.quarantine.QuarantinedRow;
import org.registrybbm.migrations.quarantine.RetryResult;

/** Runs {@code background-migrate retry}, {@code quarantine}, {@code waive} and {@code events}, with which people act on failures. */
final class RepairCommand {
    static final String RETRY = "retry";
    static final String QUARANTINE = "quarantine";
    static final String WAIVE = "waive";
    static final String EVENTS = "events";

    private static final String MIGRATION = "migration";
    private static final String BATCH_JOB = "batch-job";
    private static final String ROW = "row";
    private static final String BY = "by";
    private static final String REASON = "reason";
    private static final String JSON = "json";
    private static final String LIMIT = "limit";
    private static final int MOST_EVENTS = 1_000;

    private RepairCommand() {}

    static void configureRetry(Subparser sub) {
        sub.description("""
                        Try again what failed, after its cause was fixed. Failed migrations become
                        active and continue where they stopped, failed batch jobs have all their
                        attempts again, and each quarantined row is tried alone. A paused
                        migration stays paused, and tries again once it is started.""").epilog("""
                        Without options, everything that failed is tried again.

                        Example:
                          background-migrate retry --migration widen""");
        MutuallyExclusiveGroup one = sub.addMutuallyExclusiveGroup();
        one.addArgument("--migration")
                .dest(MIGRATION)
                .metavar("NAME")
                .action(Arguments.append())
                .help("only this batched migration; may be repeated");
        one.addArgument("--batch-job")
                .dest(BATCH_JOB)
                .metavar("ID")
                .type(Long.class)
                .help("only this failed batch job, by its id, and its\nmigration with it");
        Asked.configure(sub);
    }

    static void configureWaive(Subparser sub) {
        sub.description("""
                        Leave quarantined rows as they are. Who decided it and why is kept with
                        each row. When no row is left in quarantine, a migration that failed only
                        because of its quarantine becomes active again.""").epilog("""
                        Without --row, all rows of the migration in quarantine are waived.

                        Example:
                          background-migrate waive --migration widen --by jane \\
                              --reason 'deleted on Friday' --row 17""");
        sub.addArgument("--migration")
                .dest(MIGRATION)
                .metavar("NAME")
                .required(true)
                .help("the batched migration");
        sub.addArgument("--by")
                .dest(BY)
                .metavar("PERSON")
                .required(true)
                .help("who decides that the rows stay as they are");
        sub.addArgument("--reason").dest(REASON).metavar("TEXT").required(true).help("why they may stay as they are");
        sub.addArgument("--row")
                .dest(ROW)
                .metavar("ID")
                .type(Long.class)
                .action(Arguments.append())
                .help("only this row, by the Id that 'quarantine' shows;\nmay be repeated");
        Asked.configureDryRun(sub);
    }

    static void configureEvents(Subparser sub) {
        sub.description("""
                        Show what the engine and people decided about a batched migration, newest
                        first: sizes that changed much, takeovers, quarantined rows, retries,
                        waivers and proofs. The newest 1,000 of each migration are kept.""").epilog("""
                        Example:
                          background-migrate events --migration widen --limit 10""");
        sub.addArgument("--migration")
                .dest(MIGRATION)
                .metavar("NAME")
                .required(true)
                .help("the batched migration");
        sub.addArgument("--limit")
                .dest(LIMIT)
                .metavar("N")
                .type(Integer.class)
                .choices(Arguments.range(1, MOST_EVENTS))
                .setDefault(EventTable.DEFAULT_LIMIT)
                .help("how many events to show: 1 to 1000, default 50");
        sub.addArgument("--json")
                .dest(JSON)
                .action(Arguments.storeTrue())
                .help("print JSON for programs instead of a table");
    }

    static void retry(Namespace namespace, List<String> names, BatchedMigrations engine, PrintStream out) {
        Long batchJob = namespace.getLong(BATCH_JOB);
        if (batchJob == null && Asked.isDry(namespace, engine, new Decision.Retry(names), out)) {
            return;
        }
        if (batchJob != null && Asked.isAskedForDryRun(namespace)) {
            throw new CommandFailure("--dry-run cannot be combined with --batch-job; nothing was changed");
        }
        Decider decider = Asked.decider(namespace);
        List<RetryResult> retried = batchJob == null
                ? engine.quarantine().retry(names, decider)
                : engine.quarantine().retryBatchJob(batchJob, decider);
        print(RepairText.retried(retried), out);
    }

    static void quarantine(boolean json, List<String> names, BatchedMigrations engine, PrintStream out) {
        List<QuarantinedRow> rows = engine.quarantine().list(names);
        print(json ? QuarantineTable.json(rows) + System.lineSeparator() : QuarantineTable.render(rows), out);
    }

    static void waive(Namespace namespace, BatchedMigrations engine, PrintStream out) {
        List<Long> rows = namespace.getList(ROW);
        String name = namespace.getString(MIGRATION);
        Decision.Waive decision = new Decision.Waive(name, rows == null ? List.of() : rows);
        if (Asked.isDry(namespace, engine, decision, out)) {
            return;
        }
        long waived = engine.quarantine()
                .waive(name, decision.rows(), new Decider(namespace.getString(BY), "cli", namespace.getString(REASON)));
        print(RepairText.waived(name, waived), out);
    }

    static void events(Namespace namespace, BatchedMigrations engine, PrintStream out) {
        List<RecordedEvent> events = engine.eventLog().newest(namespace.getString(MIGRATION), namespace.getInt(LIMIT));
        print(
                namespace.getBoolean(JSON)
                        ? EventTable.json(events) + System.lineSeparator()
                        : EventTable.render(events),
                out);
    }

    private static void print(String text, PrintStream out) {
        out.print(text);
        out.flush();
    }
}
