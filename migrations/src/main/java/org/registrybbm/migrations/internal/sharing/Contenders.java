package org.registrybbm.migrations.internal.sharing;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import javax.sql.DataSource;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.TransactionSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads which migrations may want batch jobs, and makes sure that their rows name the root tables on which they work. */
public record Contenders(DataSource dataSource, int maxAttempts) {
    private static final Logger LOGGER = LoggerFactory.getLogger(Contenders.class);

    /**
     * Lists the contenders in the order in which they are served if all else is equal.
     *
     * @param missingCode how long a migration's code may be missing
     */
    public List<Contender> read(Duration missingCode) throws SQLException {
        ContenderQueries.Patience patience = new ContenderQueries.Patience(maxAttempts, missingCode);
        List<Contender> contenders = list(patience);
        List<Contender> strangers =
                contenders.stream().filter(one -> one.tree().isUnknown()).toList();
        // The budgets of a table are found by the root that the rows name.
        return strangers.isEmpty() || !keepRoots(strangers) ? contenders : list(patience);
    }

    private List<Contender> list(ContenderQueries.Patience patience) throws SQLException {
        return Jdbc.inTransaction(dataSource, connection -> {
            Jdbc.run(connection, TransactionSettings.SHORT_TRANSACTION);
            return ContenderQueries.contenders(connection, patience);
        });
    }

    private boolean keepRoots(List<Contender> strangers) {
        try {
            return Jdbc.inTransaction(dataSource, connection -> {
                Jdbc.run(connection, TransactionSettings.PLANNING);
                return RootQueries.keep(connection, strangers) > 0;
            });
        } catch (SQLException e) {
            LOGGER.debug("could not store the root tables of {} migrations yet", strangers.size(), e);
            return false;
        }
    }
}
