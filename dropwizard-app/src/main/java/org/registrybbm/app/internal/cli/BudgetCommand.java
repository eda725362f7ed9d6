package org.registrybbm.app.internal.cli;

import java.io.PrintStream;
import java.util.HashMap;
import java.util.Map;
import net.sourceforge.argparse4j.impl.Arguments;
import net.sourceforge.argparse4j.inf.Namespace;
import net.sourceforge.argparse4j.inf.Subparser;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.operate.Decision;
import org.registrybbm.app.internal.text.BudgetOptions;
import org.registrybbm.app.internal.text.CommandFailure;
import org.registrybbm.app.internal.text.Priorities;
import org.registrybbm.app.internal.text.answer.BudgetTable;
import org.registrybbm.migrations.BatchedMigrations;

/**
 * Runs {@code background-migrate budget}, {@code budget set} and {@code priority}, which say how much may run at once, and what comes
 * first.
 */
final class BudgetCommand {
    static final String BUDGET = "budget";
    static final String PRIORITY = "priority";

    private static final String ACTION = "action";
    private static final String SET = "set";
    private static final String FILE = "file";
    private static final String JSON = "json";
    private static final String NAME = "name";
    private static final String LIMIT = "N|unlimited|default";

    private BudgetCommand() {}

    static void configureBudget(Subparser sub) {
        sub.description("""
                        Show or change budgets: how much may run at once, on all replicas
                        together. A change takes effect within 2 s. Without --migration and
                        --table, 'set' changes the budget of the fleet, which limits everything.

                        A limit is a number or 'unlimited'. For a named migration or table it may
                        also be 'default', which takes the limit of '*'.""").epilog("""
                        Examples:
                          background-migrate budget
                          background-migrate budget set --batch-jobs 4
                          background-migrate budget set --migration widen --rows-per-second 5000
                          background-migrate budget set --table '*' --migrations 2""");
        sub.addArgument(ACTION).metavar(SET).nargs("?").help("change a budget; without it, all are listed");
        option(
                sub,
                "migration",
                "NAME",
                "the budget of this batched migration; '*' for all\nthat have none of their own");
        option(sub, "table", "SCHEMA.TABLE", "the budget of this table; '*' for all that have\nnone of their own");
        option(sub, "batch-jobs", LIMIT, "batch jobs at once: 0 to 1000, where 0 stops all;\ninitially 2");
        option(
                sub,
                "rows-per-second",
                LIMIT,
                "rows that are covered per second, changed or not:\n1 to 1000000000; not for a table; initially\nunlimited");
        option(
                sub,
                "migrations",
                LIMIT,
                "batched migrations that run at once on one table:\n1 to 1000; only with --table; initially 1");
        sub.addArgument("--json")
                .dest(JSON)
                .action(Arguments.storeTrue())
                .help("print JSON for programs instead of a table");
        Asked.configure(sub);
    }

    static void configurePriority(Subparser sub) {
        sub.description("""
                        Set the priority of a batched migration. The migration with the higher
                        priority gets the next free batch job. What already runs is not
                        interrupted.""").epilog("""
                        Example:
                          background-migrate priority widen 10""");
        sub.addArgument(NAME).metavar("NAME").help("the batched migration");
        sub.addArgument(PRIORITY)
                .metavar("N")
                .help("the priority: -32768 to 32767, default 0; higher\nones come first");
        Asked.configure(sub);
    }

    private static void option(Subparser sub, String name, String metavar, String help) {
        sub.addArgument("--" + name).dest(name).metavar(metavar).help(help);
    }

    /** Returns the namespace in which the first argument is either the word {@code set} or the configuration file; both may be left out. */
    static Namespace settled(Namespace namespace) {
        String action = namespace.getString(ACTION);
        if (action == null || action.equals(SET)) {
            return namespace;
        }
        if (namespace.getString(FILE) != null) {
            throw new CommandFailure("there is no 'budget " + action
                    + "'; nothing was changed; 'budget' lists the budgets, and 'budget set' changes one");
        }
        Map<String, Object> attributes = new HashMap<>(namespace.getAttrs());
        attributes.put(FILE, attributes.remove(ACTION));
        return new Namespace(attributes);
    }

    static void budget(Namespace namespace, BatchedMigrations engine, PrintStream out, PrintStream err) {
        BudgetOptions options = new BudgetOptions(
                text(namespace, "migration"),
                text(namespace, "table"),
                text(namespace, "batch-jobs"),
                text(namespace, "rows-per-second"),
                text(namespace, "migrations"));
        if (text(namespace, ACTION) != null) {
            Asked.decide(namespace, engine, new Decision.Limit(options.subject(), options.change()), out, err);
            return;
        }
        if (!options.equals(new BudgetOptions(null, null, null, null, null))) {
            throw new CommandFailure(
                    "nothing was changed, because 'budget' only lists; to change a budget, write 'budget set' and the options");
        }
        if (namespace.getBoolean(JSON)) {
            out.println(BudgetTable.json(engine.budgets().list()));
        } else {
            out.print(BudgetTable.render(engine.budgets().list()));
        }
        out.flush();
    }

    static void priority(Namespace namespace, BatchedMigrations engine, PrintStream out, PrintStream err) {
        int priority = Priorities.parse(namespace.getString(PRIORITY));
        Asked.decide(namespace, engine, new Decision.Prioritize(namespace.getString(NAME), priority), out, err);
    }

    private static @Nullable String text(Namespace namespace, String name) {
        return namespace.getString(name);
    }
}
