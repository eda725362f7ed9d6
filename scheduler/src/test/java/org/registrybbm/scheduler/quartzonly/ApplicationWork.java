package org.registrybbm.scheduler.quartzonly;

import java.sql.SQLException;
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
        return context.update("n = n + 1");
    }
}
