package org.registrybbm.app.internal.tasks;

import io.dropwizard.servlets.tasks.Task;
import java.io.PrintWriter;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.registrybbm.migrations.MigrationStore;
import org.registrybbm.migrations.model.StatusChange;

/**
 * Answers {@code POST /tasks/bbm-pause} and {@code POST /tasks/bbm-start}: changes the status of batched migrations, and prints what was
 * changed.
 */
public final class ChangeTask extends Task {
    private final Function<Collection<String>, List<StatusChange>> change;

    private ChangeTask(String name, Function<Collection<String>, List<StatusChange>> change) {
        super(name, "text/plain;charset=utf-8");
        this.change = change;
    }

    /** Returns the task that pauses active and running migrations. */
    public static ChangeTask pause(MigrationStore store) {
        return new ChangeTask("bbm-pause", store::pause);
    }

    /** Returns the task that makes paused migrations active. */
    public static ChangeTask start(MigrationStore store) {
        return new ChangeTask("bbm-start", store::start);
    }

    @Override
    public void execute(Map<String, List<String>> parameters, PrintWriter output) {
        List<StatusChange> changes = change.apply(Names.of(parameters));
        if (changes.isEmpty()) {
            output.println("nothing to change");
        }
        for (StatusChange one : changes) {
            output.println(
                    one.name() + ": " + one.from().word() + " -> " + one.to().word());
        }
    }
}
