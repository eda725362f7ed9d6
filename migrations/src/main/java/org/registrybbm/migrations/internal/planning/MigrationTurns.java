package org.registrybbm.migrations.internal.planning;

import java.sql.SQLException;
import java.time.Duration;
import org.registrybbm.migrations.event.MigrationEvent;
import org.registrybbm.migrations.event.MigrationListener;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.internal.sharing.Contender;
import org.registrybbm.migrations.internal.tables.Troubles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Plans one migration after the other. It reports what came of each plan, and a failing migration does not keep it from planning the
 * others.
 */
public record MigrationTurns(MigrationStep step, MigrationListener listener, Troubles troubles) {
    private static final Logger LOGGER = LoggerFactory.getLogger(MigrationTurns.class);

    /**
     * Plans one migration, and never throws because of that migration's own problems.
     *
     * @param free how many more batch jobs the budgets allow it
     * @param missingCode how long the code of the migration may be missing
     */
    public StepResult plan(Contender contender, int free, Duration missingCode) {
        try {
            StepResult result = step.take(contender, free, missingCode.toMillis() / 1000.0);
            for (MigrationEvent event : result.events()) {
                if (event instanceof MigrationEvent.MigrationReopened reopened) {
                    LOGGER.warn("'{}' is active again: {}", reopened.migration().name(), reopened.reason());
                }
                listener.on(event);
            }
            return result;
        } catch (SQLException | RuntimeException e) {
            MigrationStep.Postponed postponed = step.postpone(contender, e);
            Failure failure = postponed.why();
            if (troubles.isNews(contender.id(), failure)) {
                LOGGER.warn(
                        "could not plan '{}'; it will be planned again, and other migrations are not affected: {}",
                        contender.name(),
                        failure.message());
            }
            LOGGER.debug("could not plan", e);
            return StepResult.troubled(failure.message(), postponed.kept());
        }
    }
}
