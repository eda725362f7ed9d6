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

/** Plans one migration after the other: tells what came of each, and lets none that fails keep the others. */
public record MigrationTurns(MigrationStep step, MigrationListener listener, Troubles troubles) {
    private static final Logger LOGGER = LoggerFactory.getLogger(MigrationTurns.class);

    /**
     * Plans one, and never throws for what is its own trouble.
     *
     * @param free how many batch jobs it may have more, by the budgets
     * @param missingCode how long its code may be missing
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
                        "could not plan '{}'; it is tried again, the others go on: {}",
                        contender.name(),
                        failure.message());
            }
            LOGGER.debug("could not plan", e);
            return StepResult.troubled(failure.message(), postponed.kept());
        }
    }
}
