package org.registrybbm.app.internal.operate;

import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.registrybbm.app.internal.text.Figures;
import org.registrybbm.app.internal.text.RepairText;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.budget.Budget;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.UnknownMigrationException;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StatusChange;
import org.registrybbm.migrations.model.StatusChange.Decider;
import org.registrybbm.migrations.quarantine.QuarantinedRow;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.verification.Verification;

/**
 * Something that an operator wants to be done. Both methods throw {@link UnknownMigrationException} if there is no migration of a name,
 * {@link IllegalArgumentException} if a value is out of its range, and {@link DatabaseException} if the database cannot be asked.
 */
public sealed interface Decision {
    /**
     * Does it.
     *
     * @return what was done; empty if there was nothing to do
     */
    List<Effect> apply(BatchedMigrations engine, Decider decider);

    /**
     * Says what would be done now. Nothing is changed, and it may be something else in a moment.
     *
     * @return what would be done; empty if there is nothing to do
     */
    List<Effect> preview(BatchedMigrations engine);

    /** Migrations that are active or running stop after their current sub-batches. */
    record Pause(List<String> names) implements Decision {
        private static final Set<MigrationStatus> RUNNABLE = Set.of(MigrationStatus.ACTIVE, MigrationStatus.RUNNING);

        @Override
        public List<Effect> apply(BatchedMigrations engine, Decider decider) {
            return Effect.ofChanges(engine.store().pause(names, decider));
        }

        @Override
        public List<Effect> preview(BatchedMigrations engine) {
            return Effect.ofChanges(engine.store().list(names).stream()
                    .filter(one -> RUNNABLE.contains(one.status()))
                    .map(one -> new StatusChange(one.name(), one.status(), MigrationStatus.PAUSED))
                    .toList());
        }
    }

    /** Paused migrations go on. */
    record Start(List<String> names) implements Decision {
        @Override
        public List<Effect> apply(BatchedMigrations engine, Decider decider) {
            return Effect.ofChanges(engine.store().start(names, decider));
        }

        @Override
        public List<Effect> preview(BatchedMigrations engine) {
            return Effect.ofChanges(engine.store().list(names).stream()
                    .filter(one -> one.status() == MigrationStatus.PAUSED)
                    .map(one -> new StatusChange(one.name(), one.status(), MigrationStatus.ACTIVE))
                    .toList());
        }
    }

    /** Whatever failed is tried again. */
    record Retry(List<String> names) implements Decision {
        @Override
        public List<Effect> apply(BatchedMigrations engine, Decider decider) {
            return engine.quarantine().retry(names, decider).stream()
                    .map(one -> new Effect(one.migration(), RepairText.parts(one)))
                    .toList();
        }

        @Override
        public List<Effect> preview(BatchedMigrations engine) {
            return engine.status().overviews(names).stream()
                    .filter(one -> one.migration().status() != MigrationStatus.FINISHED)
                    .filter(one -> one.migration().status() == MigrationStatus.FAILED
                            || one.failedJobs() + one.quarantinedRows() > 0)
                    .map(one -> new Effect(
                            one.migration().name(),
                            RepairText.wouldRetry(one.migration().status(), one.quarantinedRows(), one.failedJobs())))
                    .toList();
        }
    }

    /** Rows that could not be changed stay as they are; all of them if none are named. */
    record Waive(String name, Collection<Long> rows) implements Decision {
        @Override
        public List<Effect> apply(BatchedMigrations engine, Decider decider) {
            return waived(engine.quarantine().waive(name, rows, decider));
        }

        @Override
        public List<Effect> preview(BatchedMigrations engine) {
            return waived(engine.quarantine().list(List.of(name)).stream()
                    .filter(row -> row.settledAt() == null)
                    .filter(row -> rows.isEmpty() || rows.contains(row.id()))
                    .map(QuarantinedRow::id)
                    .distinct()
                    .count());
        }

        private List<Effect> waived(long count) {
            return count == 0 ? List.of() : List.of(new Effect(name, RepairText.rowsWaived(count)));
        }
    }

    /** A migration is served before others, or after them. */
    record Prioritize(String name, int priority) implements Decision {
        @Override
        public List<Effect> apply(BatchedMigrations engine, Decider decider) {
            return engine.store().setPriority(name, priority, decider)
                    ? List.of(new Effect(name, "priority " + priority))
                    : List.of();
        }

        @Override
        public List<Effect> preview(BatchedMigrations engine) {
            return engine.status().overviews(List.of(name)).stream()
                    .filter(one -> one.priority() != priority)
                    .map(one -> new Effect(name, "priority " + one.priority() + " -> " + priority))
                    .toList();
        }
    }

    /** A budget gets other limits. */
    record Limit(Budget.Subject subject, Budget.Change change) implements Decision {
        @Override
        public List<Effect> apply(BatchedMigrations engine, Decider decider) {
            List<Budget> before = engine.budgets().list();
            return limited(before, engine.budgets().set(subject, change, decider));
        }

        @Override
        public List<Effect> preview(BatchedMigrations engine) {
            return limited(engine.budgets().list(), engine.budgets().preview(subject, change));
        }

        private static List<Effect> limited(List<Budget> before, Budget now) {
            return before.contains(now)
                    ? List.of()
                    : List.of(new Effect(now.subject().toString(), now.limits()));
        }
    }

    /** A budget is removed, so that the default applies. */
    record Unlimit(Budget.Subject subject) implements Decision {
        @Override
        public List<Effect> apply(BatchedMigrations engine, Decider decider) {
            return removed(engine.budgets().clear(subject, decider));
        }

        @Override
        public List<Effect> preview(BatchedMigrations engine) {
            return removed(engine.budgets().previewClear(subject));
        }

        private List<Effect> removed(boolean there) {
            return there ? List.of(new Effect(subject.toString(), "removed")) : List.of();
        }
    }

    /** A replica looks for rows that are not done, in the background. */
    record Verify(String name, BackgroundVerification background) implements Decision {
        @Override
        public List<Effect> apply(BatchedMigrations engine, Decider decider) {
            return background.begin(name, decider) ? read(engine, "reads ") : List.of();
        }

        @Override
        public List<Effect> preview(BatchedMigrations engine) {
            long id = engine.store().list(List.of(name)).get(0).id();
            boolean running = engine.verifications()
                    .last(id)
                    .filter(last -> last.state() == Verification.State.RUNNING)
                    .isPresent();
            return running ? List.of() : read(engine, "would read ");
        }

        private List<Effect> read(BatchedMigrations engine, String verb) {
            return engine.status().overviews(List.of(name)).stream()
                    .map(one -> new Effect(
                            name,
                            verb + rows(one) + " of "
                                    + one.migration().definition().table()))
                    .toList();
        }

        private static String rows(MigrationOverview one) {
            OptionalLong expected = one.expectedTupleCount();
            return expected.isEmpty() ? "all rows" : "about " + Figures.number(expected.getAsLong()) + " rows";
        }
    }
}
