package org.registrybbm.migrations.internal.planning;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.event.MigrationEvent;
import org.registrybbm.migrations.model.DueJob;

/**
 * The result of the plan of one migration.
 *
 * @param due the batch jobs to run
 * @param events the events to send once the plan is committed
 * @param busy whether another replica was planning the migration, so that nothing is known about it
 * @param trouble why it could not be planned now, without row values; null if it could be planned
 * @param kept whether the migration's row records the trouble and when to plan again
 */
public record StepResult(
        List<DueJob> due,
        List<MigrationEvent> events,
        boolean busy,
        @Nullable String trouble,
        boolean kept) {
    public static final StepResult NOTHING = new StepResult(List.of(), List.of(), false, null, true);
    static final StepResult BUSY = new StepResult(List.of(), List.of(), true, null, true);

    /** Returns a result without batch jobs, because of a reason that may pass. */
    public static StepResult troubled(String why, boolean kept) {
        return new StepResult(List.of(), List.of(), false, why, kept);
    }

    StepResult after(List<MigrationEvent> before) {
        return before.isEmpty()
                ? this
                : new StepResult(
                        due, Stream.concat(before.stream(), events.stream()).toList(), busy, trouble, kept);
    }

    static StepResult of(List<DueJob> due, int most) {
        return new StepResult(List.copyOf(due.subList(0, Math.min(most, due.size()))), List.of(), false, null, true);
    }

    static StepResult of(MigrationEvent event) {
        return new StepResult(List.of(), List.of(event), false, null, true);
    }
}
