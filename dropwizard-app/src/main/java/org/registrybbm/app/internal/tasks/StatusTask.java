package org.registrybbm.app.internal.tasks;

import io.dropwizard.servlets.tasks.Task;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import org.registrybbm.app.internal.text.StatusTable;
import org.registrybbm.migrations.status.StatusReader;

/** Answers {@code POST /tasks/bbm-status}: shows what each batched migration is doing. */
public final class StatusTask extends Task {
    private final StatusReader status;

    /** Creates a task that asks the given reader. */
    public StatusTask(StatusReader status) {
        super("bbm-status", "text/plain;charset=utf-8");
        this.status = status;
    }

    @Override
    public void execute(Map<String, List<String>> parameters, PrintWriter output) {
        output.print(StatusTable.render(status.overviews(Names.of(parameters))));
    }
}
