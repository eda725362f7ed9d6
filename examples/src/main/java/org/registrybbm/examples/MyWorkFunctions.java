package org.registrybbm.examples;

import java.sql.SQLException;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.migrations.work.WorkFunctions;
import org.registrybbm.migrations.work.WorkRegistry;

// snippet: work-function
public class MyWorkFunctions implements WorkFunctions {
    @Override
    public void register(WorkRegistry.Builder registry) {
        registry.register("lowerCaseEmails", MyWorkFunctions::lowerCaseEmails);
    }

    /** Changes the rows of one sub-batch; the batch runner commits them together with its cursor. */
    private static long lowerCaseEmails(WorkContext context) throws SQLException {
        return context.update("email = lower(email)");
    }
}
// end
