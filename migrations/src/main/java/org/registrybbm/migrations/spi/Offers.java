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
 * Decides which replica starts a batch job that the plans of all of them say is due, in one small statement that waits for nobody. It
 * keeps a fleet from crowding around Quartz's lock and gives no right to anything: only the claim does.
 */
public final class Offers {
    /** How long a batch job is left to the replica that took it, by the database's clock. Any other one may take it then. */
    public static final Duration LAST = OfferQueries.LAST;

    private final DataSource dataSource;

    public Offers(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /**
     * Takes batch jobs for the workers of this replica: the first ones that no replica has taken within {@link #LAST} and that nobody
     * has claimed since they were planned.
     *
     * @param due what there is to take, in order
     * @param most how many to take at most
     * @return what was taken, in order
     * @throws DatabaseException when the database cannot be asked
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
     * Leaves batch jobs to the other replicas that this one has taken and will not begin.
     *
     * @throws DatabaseException when the database cannot be asked
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
