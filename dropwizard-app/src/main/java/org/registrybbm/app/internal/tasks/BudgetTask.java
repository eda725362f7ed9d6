package org.registrybbm.app.internal.tasks;

import io.dropwizard.servlets.tasks.Task;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.registrybbm.app.internal.text.BudgetOptions;
import org.registrybbm.app.internal.text.answer.BudgetTable;
import org.registrybbm.migrations.budget.Budget;
import org.registrybbm.migrations.budget.Budgets;

/** Answers {@code POST /tasks/bbm-budget}: lists the budgets, or changes the budget that the parameters name and shows it. */
public final class BudgetTask extends Task {
    private static final Set<String> PARAMETERS = Set.of(
            "migration", "table", "batch-jobs", "rows-per-second", "migrations", Parameters.BY, Parameters.REASON);

    private final Budgets budgets;

    /** Creates a task on the given budgets. */
    public BudgetTask(Budgets budgets) {
        super("bbm-budget", "text/plain;charset=utf-8");
        this.budgets = budgets;
    }

    @Override
    public void execute(Map<String, List<String>> parameters, PrintWriter output) {
        Parameters given = Parameters.of(parameters, PARAMETERS);
        if (given.isEmpty()) {
            output.print(BudgetTable.render(budgets.list()));
            return;
        }
        BudgetOptions options = new BudgetOptions(
                given.get("migration"),
                given.get("table"),
                given.get("batch-jobs"),
                given.get("rows-per-second"),
                given.get("migrations"));
        Budget now = budgets.set(options.subject(), options.change(), given.decider());
        output.print(BudgetTable.render(List.of(now)));
    }
}
