package org.registrybbm.app.internal.operate;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.registrybbm.app.internal.text.RepairText;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.budget.Budget;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StatusChange;
import org.registrybbm.migrations.model.StatusChange.Decider;
import org.registrybbm.migrations.quarantine.QuarantinedRow;

/** Does what operators decide, and says beforehand what it would do. */
public final class Operations {
    private static final Set<MigrationStatus> RUNNABLE = Set.of(MigrationStatus.ACTIVE, MigrationStatus.RUNNING);

    private final BatchedMigrations engine;
    private final Runnable afterwards;

    /**
     * Creates the operations of an engine.
     *
     * @param afterwards is told whenever something may have been changed
     */
    public Operations(BatchedMigrations engine, Runnable afterwards) {
        this.engine = engine;
        this.afterwards = afterwards;
    }

    /**
     * Does something.
     *
     * @return what was done; empty if there was nothing to do
     */
    public List<Effect> run(Decision decision, Decider decider) {
        try {
            return done(decision, decider);
        } finally {
            afterwards.run();
        }
    }

    private List<Effect> done(Decision decision, Decider decider) {
        if (decision instanceof Decision.Pause pause) {
            return changes(engine.store().pause(pause.names(), decider));
        }
        if (decision instanceof Decision.Start start) {
            return changes(engine.store().start(start.names(), decider));
        }
        if (decision instanceof Decision.Retry retry) {
            return engine.quarantine().retry(retry.names(), decider).stream()
                    .map(one -> new Effect(one.migration(), RepairText.parts(one)))
                    .toList();
        }
        if (decision instanceof Decision.Waive waive) {
            return waived(waive.name(), engine.quarantine().waive(waive.name(), waive.rows(), decider));
        }
        if (decision instanceof Decision.Prioritize priority) {
            return engine.store().setPriority(priority.name(), priority.priority(), decider)
                    ? List.of(new Effect(priority.name(), "priority " + priority.priority()))
                    : List.of();
        }
        Decision.Limit limit = (Decision.Limit) decision;
        Budget.Change change = limit.change();
        if (change == null) {
            return engine.budgets().clear(limit.subject(), decider)
                    ? List.of(new Effect(limit.subject().toString(), "removed"))
                    : List.of();
        }
        List<Budget> before = engine.budgets().list();
        return limited(before, engine.budgets().set(limit.subject(), change, decider));
    }

    private static List<Effect> changes(List<StatusChange> changes) {
        return changes.stream()
                .map(one -> new Effect(
                        one.name(), one.from().word() + " -> " + one.to().word()))
                .toList();
    }

    private static List<Effect> waived(String name, long rows) {
        return rows == 0 ? List.of() : List.of(new Effect(name, RepairText.rowsWaived(rows)));
    }

    /**
     * Says what would be done now. Nothing is changed, and it may be something else in a moment.
     *
     * @return what would be done; empty if there is nothing to do
     */
    public List<Effect> preview(Decision decision) {
        if (decision instanceof Decision.Pause pause) {
            return migrations(pause.names())
                    .filter(one -> RUNNABLE.contains(one.status()))
                    .map(one -> new Effect(one.name(), one.status().word() + " -> paused"))
                    .toList();
        }
        if (decision instanceof Decision.Start start) {
            return migrations(start.names())
                    .filter(one -> one.status() == MigrationStatus.PAUSED)
                    .map(one -> new Effect(one.name(), "paused -> active"))
                    .toList();
        }
        if (decision instanceof Decision.Retry retry) {
            return engine.status().overviews(retry.names()).stream()
                    .filter(one -> one.migration().status() != MigrationStatus.FINISHED)
                    .filter(one -> one.migration().status() == MigrationStatus.FAILED
                            || one.failedJobs() + one.quarantinedRows() > 0)
                    .map(one -> new Effect(
                            one.migration().name(),
                            RepairText.wouldRetry(one.migration().status(), one.quarantinedRows(), one.failedJobs())))
                    .toList();
        }
        if (decision instanceof Decision.Waive waive) {
            long rows = engine.quarantine().list(List.of(waive.name())).stream()
                    .filter(row -> row.settledAt() == null)
                    .filter(row -> waive.rows().isEmpty() || waive.rows().contains(row.id()))
                    .map(QuarantinedRow::id)
                    .distinct()
                    .count();
            return waived(waive.name(), rows);
        }
        if (decision instanceof Decision.Prioritize priority) {
            return engine.status().overviews(List.of(priority.name())).stream()
                    .filter(one -> one.priority() != priority.priority())
                    .map(one ->
                            new Effect(priority.name(), "priority " + one.priority() + " -> " + priority.priority()))
                    .toList();
        }
        Decision.Limit limit = (Decision.Limit) decision;
        Budget.Change change = limit.change();
        if (change == null) {
            return engine.budgets().previewClear(limit.subject())
                    ? List.of(new Effect(limit.subject().toString(), "removed"))
                    : List.of();
        }
        return limited(engine.budgets().list(), engine.budgets().preview(limit.subject(), change));
    }

    private static List<Effect> limited(List<Budget> before, Budget now) {
        return before.contains(now)
                ? List.of()
                : List.of(new Effect(now.subject().toString(), now.limits()));
    }

    private Stream<BatchedMigration> migrations(Collection<String> names) {
        return engine.store().list(names).stream();
    }
}
