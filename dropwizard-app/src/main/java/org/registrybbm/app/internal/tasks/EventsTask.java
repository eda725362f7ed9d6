package org.registrybbm.app.internal.tasks;

import io.dropwizard.servlets.tasks.Task;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.registrybbm.app.internal.text.answer.EventTable;
import org.registrybbm.migrations.audit.EventLog;

/** Answers {@code POST /tasks/bbm-events}: shows what was decided about one batched migration, newest first. */
public final class EventsTask extends Task {
    private static final String MIGRATION = "migration";
    private static final String LIMIT = "limit";
    private static final int MOST = 1_000;

    private final EventLog eventLog;

    /** Creates a task that reads the given log. */
    public EventsTask(EventLog eventLog) {
        super("bbm-events", "text/plain;charset=utf-8");
        this.eventLog = eventLog;
    }

    @Override
    public void execute(Map<String, List<String>> parameters, PrintWriter output) {
        Parameters given = Parameters.of(parameters, Set.of(MIGRATION, LIMIT));
        int limit = (int) given.number(LIMIT, EventTable.DEFAULT_LIMIT, 1, MOST);
        output.print(EventTable.render(eventLog.newest(given.require(MIGRATION), limit)));
    }
}
