package org.registrybbm.app.internal.tasks;

import io.dropwizard.servlets.tasks.Task;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.registrybbm.app.internal.text.Priorities;
import org.registrybbm.migrations.MigrationStore;

/** Answers {@code POST /tasks/bbm-priority}: sets the priority of one batched migration. */
public final class PriorityTask extends Task {
    private static final String MIGRATION = "migration";
    private static final String PRIORITY = "priority";

    private final MigrationStore store;

    /** Creates a task on the given store. */
    public PriorityTask(MigrationStore store) {
        super("bbm-priority", "text/plain;charset=utf-8");
        this.store = store;
    }

    @Override
    public void execute(Map<String, List<String>> parameters, PrintWriter output) {
        Parameters given = Parameters.of(parameters, Set.of(MIGRATION, PRIORITY, Parameters.BY, Parameters.REASON));
        String migration = given.require(MIGRATION);
        int priority = Priorities.parse(given.require(PRIORITY));
        output.println(
                store.setPriority(migration, priority, given.decider())
                        ? migration + ": priority " + priority
                        : "nothing to change");
    }
}
