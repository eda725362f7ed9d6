package org.registrybbm.scheduler.quartzonly;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import org.registrybbm.migrations.Batch;
import org.registrybbm.migrations.WorkContext;
import org.registrybbm.migrations.WorkFunctions;
import org.registrybbm.migrations.WorkRegistry;

/** The application's work functions. */
public final class ApplicationWork implements WorkFunctions {
    @Override
    public void register(WorkRegistry.Builder registry) {
        registry.register("addOne", ApplicationWork::addOne);
    }

    private static long addOne(WorkContext context) throws SQLException {
        Batch.KeyRange range = (Batch.KeyRange) context.batch();
        String sql = "UPDATE " + context.table() + " SET n = n + 1 WHERE id BETWEEN ? AND ?";
        try (PreparedStatement statement = context.connection().prepareStatement(sql)) {
            statement.setLong(1, range.first());
            statement.setLong(2, range.last());
            return statement.executeUpdate();
        }
    }
}
