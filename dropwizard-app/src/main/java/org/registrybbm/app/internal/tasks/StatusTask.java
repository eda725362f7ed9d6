package org.registrybbm.app.internal.tasks;

import io.dropwizard.servlets.tasks.Task;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import org.registrybbm.app.internal.text.StatusTable;
import org.registrybbm.migrations.status.StatusReader;

/** {@code POST /tasks/bbm-status}: how the batched migrations stand. */
public final class StatusTask extends Task {
    private final StatusReader status;

    /** Asks the given reader. */
    public StatusTask(StatusReader status) {
        super("bbm-status", "text/plain;charset=utf-8");
        this.status = status;
    }

    @Override
    public void execute(Map<String, List<String>> parameters, PrintWriter output) {
        output.print(StatusTable.render(status.overviews(Names.of(parameters))));
    }
}
