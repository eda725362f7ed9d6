package org.registrybbm.app.internal.tasks;

import io.dropwizard.servlets.tasks.Task;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.registrybbm.app.internal.text.RepairText;
import org.registrybbm.migrations.quarantine.Quarantine;

/** Answers {@code POST /tasks/bbm-waive}: leaves quarantined rows as they are, and keeps who decided it and why. */
public final class WaiveTask extends Task {
    private static final String MIGRATION = "migration";
    private static final String ROW = "row";

    private final Quarantine quarantine;

    /** Creates a task on the given quarantine. */
    public WaiveTask(Quarantine quarantine) {
        super("bbm-waive", "text/plain;charset=utf-8");
        this.quarantine = quarantine;
    }

    @Override
    public void execute(Map<String, List<String>> parameters, PrintWriter output) {
        Parameters given = Parameters.of(parameters, Set.of(MIGRATION, Parameters.BY, Parameters.REASON), Set.of(ROW));
        String migration = given.require(MIGRATION);
        List<Long> rows =
                given.all(ROW).stream().map(row -> Parameters.number(ROW, row)).toList();
        given.require(Parameters.BY);
        given.require(Parameters.REASON);
        output.print(RepairText.waived(migration, quarantine.waive(migration, rows, given.decider())));
    }
}
