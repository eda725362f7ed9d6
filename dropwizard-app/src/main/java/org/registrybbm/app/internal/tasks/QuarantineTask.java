package org.registrybbm.app.internal.tasks;

import io.dropwizard.servlets.tasks.Task;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.registrybbm.app.internal.text.answer.QuarantineTable;
import org.registrybbm.migrations.quarantine.Quarantine;

/** Answers {@code POST /tasks/bbm-quarantine}: lists the rows that could not be changed. */
public final class QuarantineTask extends Task {
    private static final String MIGRATION = "migration";

    private final Quarantine quarantine;

    /** Creates a task that lists the given quarantine. */
    public QuarantineTask(Quarantine quarantine) {
        super("bbm-quarantine", "text/plain;charset=utf-8");
        this.quarantine = quarantine;
    }

    @Override
    public void execute(Map<String, List<String>> parameters, PrintWriter output) {
        output.print(QuarantineTable.render(quarantine.list(
                Parameters.of(parameters, Set.of(), Set.of(MIGRATION)).all(MIGRATION))));
    }
}
