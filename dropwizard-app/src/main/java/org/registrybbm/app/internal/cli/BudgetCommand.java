package org.registrybbm.app.internal.cli;

import java.io.PrintStream;
import java.util.HashMap;
import java.util.Map;
import net.sourceforge.argparse4j.impl.Arguments;
import net.sourceforge.argparse4j.inf.Namespace;
import net.sourceforge.argparse4j.inf.Subparser;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.text.BudgetOptions;
import org.registrybbm.app.internal.text.BudgetTable;
import org.registrybbm.app.internal.text.CommandFailure;
import org.registrybbm.app.internal.text.Priorities;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.MigrationStore;

/** {@code background-migrate budget}, {@code budget set} and {@code priority}: how much may run at once, and what first. */
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
        sub.addArgument(ACTION).metavar(SET).nargs("?").help("change a budget; without it they are listed");
        option(sub, "migration", "NAME", "the budget of this batched migration, * for each that has none of its own");
        option(sub, "table", "SCHEMA.TABLE", "the budget of this table, * for each that has none of its own");
        option(sub, "batch-jobs", LIMIT, "batch jobs at once on all replicas together, 0 to 1000; 0 stops");
        option(sub, "rows-per-second", LIMIT, "rows per second on all replicas together; not for a table");
        option(sub, "migrations", LIMIT, "migrations of one table that run at once, 1 to 1000; only for a table");
        sub.addArgument("--json").dest(JSON).action(Arguments.storeTrue()).help("print JSON");
    }

    static void configurePriority(Subparser sub) {
        sub.addArgument(NAME).metavar("NAME").help("the batched migration");
        sub.addArgument(PRIORITY).metavar("N").help("-32768 to 32767; higher ones are served first, the default is 0");
    }

    private static void option(Subparser sub, String name, String metavar, String help) {
        sub.addArgument("--" + name).dest(name).metavar(metavar).help(help);
    }

    /** Tells the word {@code set} from the configuration file: both may be left out. */
    static Namespace settled(Namespace namespace) {
        String action = namespace.getString(ACTION);
        if (action == null || action.equals(SET)) {
            return namespace;
        }
        if (namespace.getString(FILE) != null) {
            throw new CommandFailure("there is no 'budget " + action
                    + "'; nothing was changed; there are 'budget', which lists, and 'budget set'");
        }
        Map<String, Object> attributes = new HashMap<>(namespace.getAttrs());
        attributes.put(FILE, attributes.remove(ACTION));
        return new Namespace(attributes);
    }

    static void budget(Namespace namespace, BatchedMigrations engine, PrintStream out) {
        BudgetOptions options = new BudgetOptions(
                text(namespace, "migration"),
                text(namespace, "table"),
                text(namespace, "batch-jobs"),
                text(namespace, "rows-per-second"),
                text(namespace, "migrations"));
        if (text(namespace, ACTION) != null) {
            var unused = engine.budgets().set(options.subject(), options.change());
            return;
        }
        if (!options.equals(new BudgetOptions(null, null, null, null, null))) {
            throw new CommandFailure("nothing was changed; to change a budget, write 'budget set' and its options");
        }
        if (namespace.getBoolean(JSON)) {
            out.println(BudgetTable.json(engine.budgets().list()));
        } else {
            out.print(BudgetTable.render(engine.budgets().list()));
        }
        out.flush();
    }

    static void priority(Namespace namespace, MigrationStore store) {
        store.setPriority(namespace.getString(NAME), Priorities.parse(namespace.getString(PRIORITY)));
    }

    private static @Nullable String text(Namespace namespace, String name) {
        return namespace.getString(name);
    }
}
