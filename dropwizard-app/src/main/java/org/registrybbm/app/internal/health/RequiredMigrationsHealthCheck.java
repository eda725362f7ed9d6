package org.registrybbm.app.internal.health;

import com.codahale.metrics.health.HealthCheck;
import java.util.List;
import java.util.Map;
import org.registrybbm.migrations.failure.UnknownMigrationException;
import org.registrybbm.migrations.gate.Gate;

/** Reports whether the batched migrations are finished that this program cannot do without. */
public final class RequiredMigrationsHealthCheck extends HealthCheck {
    /** The name has a prefix, because a host application has checks of its own. */
    public static final String NAME = "batched-migrations-required";

    private final Gate gate;
    private final List<String> names;

    /**
     * Creates a check.
     *
     * @param gate tells whether migrations are finished
     * @param names the migrations; empty for none, and the check is always healthy then
     */
    public RequiredMigrationsHealthCheck(Gate gate, List<String> names) {
        this.gate = gate;
        this.names = List.copyOf(names);
    }

    @Override
    protected Result check() {
        try {
            Map<String, String> unfinished = gate.unfinished(names);
            return unfinished.isEmpty()
                    ? Result.healthy()
                    : Result.unhealthy(String.join(
                            "; ", unfinished.values().stream().sorted().toList()));
        } catch (UnknownMigrationException e) {
            return Result.unhealthy(e.getMessage());
        }
    }
}
