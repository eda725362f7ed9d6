package org.registrybbm.app.internal.operate;

import java.util.List;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.StatusChange.Decider;

/** Does what operators decide, and says beforehand what it would do. */
public final class Operations {
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

    /** Does what {@link Decision#apply} says, and tells afterwards, also if it failed. */
    public List<Effect> run(Decision decision, Decider decider) {
        try {
            return decision.apply(engine, decider);
        } finally {
            afterwards.run();
        }
    }

    /** Says what {@link Decision#preview} says. */
    public List<Effect> preview(Decision decision) {
        return decision.preview(engine);
    }
}
