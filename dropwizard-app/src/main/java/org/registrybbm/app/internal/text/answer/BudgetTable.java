package org.registrybbm.app.internal.text.answer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.registrybbm.app.internal.text.PrettyJson;
import org.registrybbm.app.internal.text.TextTable;
import org.registrybbm.migrations.budget.Budget;
import org.registrybbm.migrations.budget.Budget.Scope;
import org.registrybbm.migrations.budget.Limit;

/** Shows budgets: as a table for people, and as JSON for programs. */
public final class BudgetTable {
    private static final String NONE = "-";

    private BudgetTable() {}

    /** Returns a table with a row for each budget, in the given order. */
    public static String render(List<Budget> budgets) {
        TextTable table = new TextTable("Scope", "Subject", "Batch Jobs", "Rows/s", "Migrations");
        for (Budget budget : budgets) {
            table.add(
                    budget.subject().scope().word(),
                    budget.subject().name(),
                    budget.batchJobs().toString(),
                    hasRate(budget) ? budget.rowsPerSecond().toString() : NONE,
                    hasMigrations(budget) ? budget.migrations().toString() : NONE);
        }
        return table.toString();
    }

    /** Returns a JSON array with an object for each budget. A limit is a number, {@code "unlimited"} or {@code "default"}. */
    public static String json(List<Budget> budgets) {
        ArrayNode array = PrettyJson.array();
        budgets.forEach(budget -> array.add(node(budget)));
        return PrettyJson.of(array);
    }

    /** Returns the object of one budget. A limit is a number, {@code "unlimited"} or {@code "default"}. */
    public static ObjectNode node(Budget budget) {
        ObjectNode node = PrettyJson.object()
                .put("scope", budget.subject().scope().word())
                .put("subject", budget.subject().name());
        put(node, "batch_jobs", budget.batchJobs());
        if (hasRate(budget)) {
            put(node, "rows_per_second", budget.rowsPerSecond());
        }
        if (hasMigrations(budget)) {
            put(node, "migrations", budget.migrations());
        }
        return node;
    }

    private static boolean hasRate(Budget budget) {
        return budget.subject().scope() != Scope.TABLE;
    }

    private static boolean hasMigrations(Budget budget) {
        return budget.subject().scope() == Scope.TABLE;
    }

    private static void put(ObjectNode node, String name, Limit limit) {
        if (limit instanceof Limit.AtMost atMost) {
            node.put(name, atMost.number());
        } else {
            node.put(name, limit.toString());
        }
    }
}
