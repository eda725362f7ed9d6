package org.registrybbm.app.internal.operate;

import java.util.List;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.StatusChange.Decider;

/** Does what operators decide, and says beforehand what it would do. */
public final class Operations {
    private final BatchedMigrations engine;
    private final BackgroundVerification verification;
    private final Runnable afterwards;

    /**
     * Creates the operations of an engine.
     *
     * @param verification verifies migrations for those who cannot wait
     * @param afterwards is told whenever something may have been changed
     */
    public Operations(BatchedMigrations engine, BackgroundVerification verification, Runnable afterwards) {
        this.engine = engine;
        this.verification = verification;
        this.afterwards = afterwards;
    }

    /** Returns the decision to have a migration verified by this replica. */
    public Decision verify(String name) {
        return new Decision.Verify(name, verification);
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
