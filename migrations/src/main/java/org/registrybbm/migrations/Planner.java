package org.registrybbm.migrations;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import javax.sql.DataSource;
import org.registrybbm.migrations.internal.JobQueries;
import org.registrybbm.migrations.internal.JobQueries.Candidate;
import org.registrybbm.migrations.internal.MigrationStep;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides which batch jobs should run now, from the tables alone: cuts new ones, brings back failed ones that are due and those
 * whose worker died, and finishes or fails migrations. Any replica may ask at any time; what one of them decides does not depend on
 * who asks.
 *
 * <p>Each migration is planned in a transaction of its own, so that a sick one harms no other.
 */
public final class Planner {
    private static final Logger LOGGER = LoggerFactory.getLogger(Planner.class);

    private final DataSource dataSource;
    private final EngineSettings settings;
    private final MigrationListener listener;
    private final MigrationStep step;

    Planner(DataSource dataSource, EngineSettings settings, WorkRegistry workRegistry, MigrationListener listener) {
        this.dataSource = dataSource;
        this.settings = settings;
        this.listener = listener;
        this.step = new MigrationStep(dataSource, settings, workRegistry);
    }

    /**
     * What should happen now.
     *
     * @param due keys of batch jobs that should be run and that no worker holds, in order; at most as many as the limits allow
     * @param active migrations that are active or running, whether they have something due or not
     */
    public record Plan(List<Long> due, int active) {}

    /**
     * Plans every migration that is active or running.
     *
     * @return what is due, within the limits
     * @throws DatabaseException when the database cannot be asked
     */
    public Plan plan() {
        return plan(migration -> true, settings.timeouts().missingCode().toMillis() / 1000.0);
    }

    /** Plans some migrations; those whose code is missing here fail after the given seconds. */
    Plan plan(Predicate<BatchedMigration> wanted, double missingCodeSeconds) {
        List<Candidate> candidates;
        try (Connection connection = dataSource.getConnection()) {
            candidates = JobQueries.candidates(connection);
        } catch (SQLException e) {
            throw DatabaseException.of("read which batched migrations are active", e);
        }
        List<Long> due = new ArrayList<>();
        int active = 0;
        for (Candidate candidate : candidates) {
            BatchedMigration migration = candidate.migration();
            if (!wanted.test(migration)) {
                continue;
            }
            active += migration.status().isRunnable() ? 1 : 0;
            int free = Math.min(
                    settings.limits().fleet() - candidate.fleetLeased() - due.size(),
                    settings.limits().perMigration() - candidate.leased());
            if (free > 0 || migration.status() == MigrationStatus.FAILED) {
                due.addAll(plan(candidate, free, missingCodeSeconds));
            }
        }
        return new Plan(List.copyOf(due), active);
    }

    private List<Long> plan(Candidate candidate, int free, double missingCodeSeconds) {
        try {
            MigrationStep.Result result = step.take(candidate, free, missingCodeSeconds);
            result.events().forEach(listener::on);
            return result.due();
        } catch (SQLException | RuntimeException e) {
            LOGGER.warn(
                    "could not plan '{}'; it is tried again at the next turn, the others go on: {}",
                    candidate.migration().name(),
                    e.getMessage());
            LOGGER.debug("could not plan", e);
            return List.of();
        }
    }
}
