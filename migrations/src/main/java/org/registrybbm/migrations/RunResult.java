package org.registrybbm.migrations;

import java.util.List;
import org.registrybbm.migrations.model.BatchedMigration;

/**
 * How a synchronous run ended.
 *
 * @param finished migrations that are finished now
 * @param failed migrations that failed, with their {@link BatchedMigration#failure}
 * @param unfinished migrations that somebody paused meanwhile, or that a stop left unfinished
 */
public record RunResult(
        List<BatchedMigration> finished, List<BatchedMigration> failed, List<BatchedMigration> unfinished) {
    /** Returns whether every migration is finished. */
    public boolean isComplete() {
        return failed.isEmpty() && unfinished.isEmpty();
    }
}
