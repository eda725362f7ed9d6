package org.registrybbm.scheduler.chaos;

import java.math.BigDecimal;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Optional;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.migrations.work.WorkRegistry;

/** Work that shows when it is done twice. Each takes the argument {@code msPerRow}, spent inside PostgreSQL. */
final class ChaosWork {
    /** Increases {@code n}. */
    static final String ADD_ONE = "chaosAddOne";

    /** Increases {@code n} and writes each row into the table's book, in one statement. */
    static final String BOOK = "chaosBook";

    /** Fills {@code filled} where it was NULL, and increases {@code n}. */
    static final String FILL = "chaosFill";

    /** The same as {@link #ADD_ONE}, which also says which rows are not done. */
    static final String ADD_ONCE = "chaosAddOnce";

    private static final WorkFunction ADD = context -> context.update("n = n + 1");

    private ChaosWork() {}

    /** What a replica of today's code knows; one of yesterday's knows none of it. */
    static WorkRegistry registry() {
        return WorkRegistry.builder()
                .register(ADD_ONE, slow(ADD))
                .register(ADD_ONCE, slow(ADD.withPending("n = 0")))
                .register(FILL, slow(context -> context.update("filled = coalesce(filled, 0) + 1, n = n + 1")))
                .register(BOOK, slow(ChaosWork::book))
                .build();
    }

    private static long book(WorkContext context) throws SQLException {
        String sql = """
                WITH changed AS (
                    UPDATE %s t SET n = n + 1
                    WHERE %s
                    RETURNING uid
                )
                INSERT INTO public.chaos_book (batch_table, uid)
                SELECT ?, uid FROM changed
                """.formatted(context.table(), context.batch().predicate("t"));
        try (PreparedStatement statement = context.connection().prepareStatement(sql)) {
            statement.setString(1, context.arguments().text("table"));
            return statement.executeUpdate();
        }
    }

    /** Work that takes its time, and whose code may be broken for a while. */
    private static WorkFunction slow(WorkFunction work) {
        return new Ailing(work, context -> {
            long changed = work.migrate(context);
            double seconds = context.arguments()
                            .optionalNumber("msPerRow")
                            .orElse(BigDecimal.ZERO)
                            .doubleValue()
                    * changed
                    / 1000;
            try (PreparedStatement statement = context.connection().prepareStatement("SELECT pg_sleep(?)")) {
                statement.setDouble(1, seconds);
                statement.execute();
            }
            return changed;
        });
    }

    /** Is struck by an {@link Ailment} in each of its methods; when the rows are changed, so that all of it is to be undone. */
    private record Ailing(WorkFunction work, WorkFunction slowly) implements WorkFunction {
        @Override
        public long migrate(WorkContext context) throws SQLException {
            long changed = slowly.migrate(context);
            Ailment.meet(Ailment.Call.MIGRATE);
            return changed;
        }

        @Override
        public Optional<String> pending(WorkContext context) throws SQLException {
            Ailment.meet(Ailment.Call.PENDING);
            return work.pending(context);
        }

        @Override
        public void check(WorkContext context) throws SQLException {
            Ailment.meet(Ailment.Call.CHECK);
            work.check(context);
        }
    }
}
