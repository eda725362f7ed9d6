package org.registrybbm.app.internal.tasks;

import io.dropwizard.servlets.tasks.Task;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import org.registrybbm.app.internal.text.StatusTable;
import org.registrybbm.migrations.MigrationStore;

/** {@code POST /tasks/bbm-status}: how the batched migrations stand. */
public final class StatusTask extends Task {
    private final MigrationStore store;

    /** Asks the given store. */
    public StatusTask(MigrationStore store) {
        super("bbm-status", "text/plain;charset=utf-8");
        this.store = store;
    }

    @Override
    public void execute(Map<String, List<String>> parameters, PrintWriter output) {
        output.print(StatusTable.of(store.overviews(Names.of(parameters))));
    }
}
