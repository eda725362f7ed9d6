package org.registrybbm.examples;

import java.sql.SQLException;
import java.util.Optional;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.migrations.work.WorkFunctions;
import org.registrybbm.migrations.work.WorkRegistry;

/** Shows work functions that say which rows are pending. */
public final class OrderWorkFunctions implements WorkFunctions {
    @Override
    public void register(WorkRegistry.Builder registry) {
        // snippet: pending
        WorkFunction lowerCase = context -> context.update("email = lower(email)");
        registry.register("lowerCaseEmails", lowerCase.withPending("email <> lower(email)"));
        // end
        registry.register("sumOrderLines", new SumOrderLines());
    }

    // snippet: predicate
    /** Fills the total of each order from its lines. */
    static final class SumOrderLines implements WorkFunction {
        @Override
        public long migrate(WorkContext context) throws SQLException {
            return context.execute(
                    """
                    UPDATE %s AS o
                    SET total = (SELECT coalesce(sum(l.price), 0) FROM shop.order_lines AS l WHERE l.order_id = o.id)
                    WHERE %s
                    """.formatted(context.table(), context.batch().predicate("o")));
        }

        @Override
        public Optional<String> pending(WorkContext context) {
            return Optional.of("total IS NULL");
        }
    }
    // end
}
