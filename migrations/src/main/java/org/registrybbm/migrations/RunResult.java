package org.registrybbm.migrations;

import java.util.List;
import org.registrybbm.migrations.model.BatchedMigration;

/**
 * How a synchronous run ended.
 *
 * @param finished the migrations that are finished now
 * @param failed the migrations that failed; {@link BatchedMigration#failure} says why
 * @param unfinished the migrations that somebody paused meanwhile, that are to run after others which are not finished, or that were not
 *     finished when the run was told to stop
 */
public record RunResult(
        List<BatchedMigration> finished, List<BatchedMigration> failed, List<BatchedMigration> unfinished) {
    /** Returns whether every migration is finished. */
    public boolean isComplete() {
        return failed.isEmpty() && unfinished.isEmpty();
    }
}
