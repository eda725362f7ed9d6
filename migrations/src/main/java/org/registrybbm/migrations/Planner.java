package org.registrybbm.migrations;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.Guards;
import org.registrybbm.migrations.internal.JobQueries;
import org.registrybbm.migrations.internal.JobQueries.Candidate;
import org.registrybbm.migrations.internal.MigrationQueries;
import org.registrybbm.migrations.internal.MigrationStep;
import org.registrybbm.migrations.internal.Sql;
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
     * @param jobs batch jobs that should be run and that no worker holds, in order; at most as many as the limits allow
     * @param active migrations that are active or running, whether they have something due or not
     * @param whole whether every migration could be planned; else more may be due than it says
     */
    public record Plan(List<Due> jobs, int active, boolean whole) {
        /** Returns the keys of the batch jobs that are due. */
        public List<Long> due() {
            return jobs.stream().map(Due::jobId).toList();
        }
    }

    /**
     * A batch job that is due.
     *
     * @param jobId its key
     * @param deadToken the lease token of a worker that held it and gives no sign of life, or null when none did
     */
    public record Due(long jobId, @Nullable Long deadToken) {}

    /**
     * Returns whether any migration is active or running: the cheapest question that tells whether to plan at all.
     *
     * @throws DatabaseException when the database cannot be asked
     */
    public boolean hasWork() {
        try (Connection connection = dataSource.getConnection()) {
            return MigrationQueries.hasWork(connection);
        } catch (SQLException e) {
            throw DatabaseException.of("look for active batched migrations", e);
        }
    }

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
        try {
            candidates = Sql.inTransaction(dataSource, connection -> {
                Sql.run(connection, Guards.SHORT_TRANSACTION);
                return JobQueries.candidates(connection);
            });
        } catch (SQLException e) {
            throw DatabaseException.of("read which batched migrations are active", e);
        }
        List<Due> due = new ArrayList<>();
        int active = 0;
        int unknown = 0;
        for (Candidate candidate : candidates) {
            BatchedMigration migration = candidate.migration();
            if (!wanted.test(migration)) {
                continue;
            }
            active += migration.status().isRunnable() ? 1 : 0;
            int free = Math.min(
                    settings.limits().fleet() - candidate.fleetLeased() - due.size() - unknown,
                    settings.limits().perMigration() - candidate.leased());
            if (free > 0 || migration.status() == MigrationStatus.FAILED) {
                MigrationStep.Result result = plan(candidate, free, missingCodeSeconds);
                due.addAll(result.due());
                // Its share is left to it: those behind must not run ahead because another replica plans it right now.
                unknown += result.busy() ? free : 0;
            }
        }
        return new Plan(List.copyOf(due), active, unknown == 0);
    }

    private MigrationStep.Result plan(Candidate candidate, int free, double missingCodeSeconds) {
        try {
            MigrationStep.Result result = step.take(candidate, free, missingCodeSeconds);
            result.events().forEach(listener::on);
            return result;
        } catch (SQLException | RuntimeException e) {
            LOGGER.warn(
                    "could not plan '{}'; it is tried again at the next turn, the others go on: {}",
                    candidate.migration().name(),
                    e.getMessage());
            LOGGER.debug("could not plan", e);
            return MigrationStep.Result.NOTHING;
        }
    }
}
