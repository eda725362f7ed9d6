package org.registrybbm.migrations.spi;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import javax.sql.DataSource;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.internal.failure.DatabaseFailures;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.TransactionSettings;
import org.registrybbm.migrations.internal.sharing.OfferQueries;
import org.registrybbm.migrations.model.DueJob;

/**
 * Decides which replica starts a batch job that is due. The plans of all replicas name the same batch jobs, and without offers all replicas
 * would compete for Quartz's lock to start them. An offer is made by one small statement that waits for no lock. It gives no right to
 * change anything; only a claim does.
 */
public final class Offers {
    /** How long a batch job is left to the replica that took it, by the database's clock. After that, any other replica may take it. */
    public static final Duration LAST = OfferQueries.LAST;

    private final DataSource dataSource;

    public Offers(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /**
     * Takes batch jobs for the workers of this replica. It takes the first ones that no replica has taken within {@link #LAST} and that no
     * worker has claimed since they were planned.
     *
     * @param due the batch jobs that are due, in the order of the plan
     * @param most how many to take at most
     * @return the batch jobs that were taken, in the same order
     * @throws DatabaseException when the database cannot be reached or the statement fails
     */
    public List<DueJob> take(List<DueJob> due, int most) {
        if (due.isEmpty() || most <= 0) {
            return List.of();
        }
        try {
            Set<Long> taken = Jdbc.inTransaction(dataSource, connection -> {
                Jdbc.run(connection, TransactionSettings.OFFER);
                return Set.copyOf(OfferQueries.take(connection, due, most, LAST));
            });
            return due.stream().filter(one -> taken.contains(one.jobId())).toList();
        } catch (SQLException e) {
            throw DatabaseFailures.of("take batch jobs that are due", e);
        }
    }

    /**
     * Gives back batch jobs that this replica has taken but will not start, so that other replicas may take them at once.
     *
     * @param jobIds the keys of the batch jobs
     * @throws DatabaseException when the database cannot be reached or the statement fails
     */
    public void withdraw(Set<Long> jobIds) {
        if (jobIds.isEmpty()) {
            return;
        }
        try {
            boolean unused = Jdbc.inTransaction(dataSource, connection -> {
                Jdbc.run(connection, TransactionSettings.OFFER);
                return OfferQueries.withdraw(connection, jobIds) > 0;
            });
        } catch (SQLException e) {
            throw DatabaseFailures.of("leave batch jobs to other replicas", e);
        }
    }
}
