package org.registrybbm.examples;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import org.registrybbm.migrations.Batch;
import org.registrybbm.migrations.WorkContext;
import org.registrybbm.migrations.WorkFunctions;
import org.registrybbm.migrations.WorkRegistry;

// snippet: work-function
public class MyWorkFunctions implements WorkFunctions {
    @Override
    public void register(WorkRegistry.Builder registry) {
        registry.register("lowerCaseEmails", MyWorkFunctions::lowerCaseEmails);
    }

    /** Changes the rows of one sub-batch; the batch runner commits them together with its cursor. */
    private static long lowerCaseEmails(WorkContext context) throws SQLException {
        Batch.KeyRange range = (Batch.KeyRange) context.batch();
        String sql = """
                UPDATE public.users
                SET email = lower(email)
                WHERE id BETWEEN ? AND ?
                    AND email <> lower(email)
                """;
        try (PreparedStatement statement = context.connection().prepareStatement(sql)) {
            statement.setLong(1, range.first());
            statement.setLong(2, range.last());
            return statement.executeLargeUpdate();
        }
    }
}
// end
