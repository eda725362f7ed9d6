package org.registrybbm.migrations.internal.planning;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.event.MigrationEvent;
import org.registrybbm.migrations.model.DueJob;

/**
 * What came of the plan of one migration.
 *
 * @param due batch jobs to run
 * @param events what to tell once it is committed
 * @param busy whether another replica was planning it, so that nothing is known of it
 * @param trouble why it could not be planned now, without row values; null when it could
 * @param kept whether the migration's row tells of the trouble, and when to plan it again
 */
public record StepResult(
        List<DueJob> due,
        List<MigrationEvent> events,
        boolean busy,
        @Nullable String trouble,
        boolean kept) {
    public static final StepResult NOTHING = new StepResult(List.of(), List.of(), false, null, true);
    static final StepResult BUSY = new StepResult(List.of(), List.of(), true, null, true);

    /** Nothing, for a reason that may pass. */
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
