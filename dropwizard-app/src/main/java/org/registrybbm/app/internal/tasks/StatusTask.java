package org.registrybbm.app.internal.tasks;

import io.dropwizard.servlets.tasks.Task;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.registrybbm.app.internal.text.answer.StatusTable;
import org.registrybbm.migrations.status.StatusReader;

/**
 * Answers {@code POST /tasks/bbm-status}: shows what each batched migration is doing. Those that are done are only counted, unless
 * {@code all=true} is given or some are named.
 */
public final class StatusTask extends Task {
    private static final String MIGRATION = "migration";
    private static final String ALL = "all";

    private final StatusReader status;

    /** Creates a task that asks the given reader. */
    public StatusTask(StatusReader status) {
        super("bbm-status", "text/plain;charset=utf-8");
        this.status = status;
    }

    @Override
    public void execute(Map<String, List<String>> parameters, PrintWriter output) {
        Parameters given = Parameters.of(parameters, Set.of(ALL), Set.of(MIGRATION));
        List<String> names = given.all(MIGRATION);
        boolean all = !names.isEmpty() || "true".equals(given.get(ALL));
        output.print(StatusTable.render(status.overviews(names), StatusTable.WIDTH, all));
    }
}
