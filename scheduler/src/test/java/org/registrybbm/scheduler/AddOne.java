package org.registrybbm.scheduler;

import java.math.BigDecimal;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.migrations.work.WorkRegistry;

/**
 * Increases each row of a {@link Ledger} by one, which is wrong when it is done twice, and writes it into the book. The argument
 * {@code msPerRow} makes it slow inside PostgreSQL.
 *
 * @param replica whom the book names
 * @param hook called inside the transaction, after the change
 */
record AddOne(String replica, Hook hook) implements WorkFunction {
    static final String SIGNATURE = "addOne";

    /** Something that happens inside the transaction of a sub-batch. */
    @FunctionalInterface
    interface Hook {
        void inside(WorkContext context) throws SQLException;
    }

    /** Returns the registry of a replica that knows only this function and the shipped ones. */
    static WorkRegistry registry(String replica, Hook hook) {
        return WorkRegistry.builder()
                .register(SIGNATURE, new AddOne(replica, hook))
                .build();
    }

    /** Returns the registry of a replica that only works. */
    static WorkRegistry registry(String replica) {
        return registry(replica, context -> {});
    }

    @Override
    public long migrate(WorkContext context) throws SQLException {
        String sql = """
                WITH changed AS (
                    UPDATE %1$s SET n = n + 1
                    WHERE %2$s
                    RETURNING id
                )
                INSERT INTO %1$s_book (id, replica)
                SELECT id, ? FROM changed
                """.formatted(context.table(), context.batch().predicate());
        long changed;
        try (PreparedStatement statement = context.connection().prepareStatement(sql)) {
            statement.setString(1, replica);
            changed = statement.executeUpdate();
        }
        sleep(
                context,
                context.arguments()
                                .optionalNumber("msPerRow")
                                .orElse(BigDecimal.ZERO)
                                .doubleValue()
                        * changed
                        / 1000);
        hook.inside(context);
        return changed;
    }

    /** Lets PostgreSQL sleep inside the sub-batch's transaction. */
    static void sleep(WorkContext context, double seconds) throws SQLException {
        if (seconds > 0) {
            try (PreparedStatement statement = context.connection().prepareStatement("SELECT pg_sleep(?)")) {
                statement.setDouble(1, seconds);
                statement.execute();
            }
        }
    }
}
