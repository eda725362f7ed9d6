package org.registrybbm.app.internal.tasks;

import io.dropwizard.servlets.tasks.Task;
import java.io.PrintWriter;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import org.registrybbm.migrations.MigrationStore;
import org.registrybbm.migrations.model.StatusChange;
import org.registrybbm.migrations.model.StatusChange.Decider;

/**
 * Answers {@code POST /tasks/bbm-pause} and {@code POST /tasks/bbm-start}: changes the status of batched migrations, and prints what was
 * changed. The parameters {@code by} and {@code reason} are kept with the events.
 */
public final class ChangeTask extends Task {
    private static final String MIGRATION = "migration";

    private final BiFunction<Collection<String>, Decider, List<StatusChange>> change;

    private ChangeTask(String name, BiFunction<Collection<String>, Decider, List<StatusChange>> change) {
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
        Parameters given = Parameters.of(parameters, Set.of(Parameters.BY, Parameters.REASON), Set.of(MIGRATION));
        List<StatusChange> changes = change.apply(given.all(MIGRATION), given.decider());
        if (changes.isEmpty()) {
            output.println("nothing to change");
        }
        for (StatusChange one : changes) {
            output.println(
                    one.name() + ": " + one.from().word() + " -> " + one.to().word());
        }
    }
}
