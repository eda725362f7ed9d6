package org.registrybbm.migrations.status;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.registrybbm.migrations.budget.Budget;

/**
 * Everything that a person wants to see at one glance, read at one time.
 *
 * @param takenAt when it was read, by the database's clock
 * @param migrations the migrations, in the order of their ids
 * @param replicas the replicas that show themselves, by name
 * @param budgets the budgets, as {@link org.registrybbm.migrations.budget.Budgets#list} returns them
 * @param samples how far the migrations at work were over the last hour of their work, by their ids; oldest first
 */
public record StatusSnapshot(
        Instant takenAt,
        List<MigrationOverview> migrations,
        List<Replica> replicas,
        List<Budget> budgets,
        Map<Long, List<Sample>> samples) {
    /** Copies the collections. */
    public StatusSnapshot {
        migrations = List.copyOf(migrations);
        replicas = List.copyOf(replicas);
        budgets = List.copyOf(budgets);
        samples = Map.copyOf(samples);
    }
}
