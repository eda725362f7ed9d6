package org.registrybbm.scheduler.quartzonly;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.migrations.work.WorkFunctions;
import org.registrybbm.migrations.work.WorkRegistry;

/** The application's work functions. */
public final class ApplicationWork implements WorkFunctions {
    static final AtomicInteger HELD = new AtomicInteger();
    static final AtomicInteger MOST_HELD = new AtomicInteger();
    static final CountDownLatch OPEN = new CountDownLatch(1);

    @Override
    public void register(WorkRegistry.Builder registry) {
        registry.register("addOne", ApplicationWork::addOne).register("hold", ApplicationWork::hold);
    }

    /** Takes a thread until the test lets it go. */
    private static long hold(WorkContext context) throws SQLException {
        MOST_HELD.accumulateAndGet(HELD.incrementAndGet(), Math::max);
        try {
            assertThat(OPEN.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } finally {
            HELD.decrementAndGet();
        }
        return addOne(context);
    }

    private static long addOne(WorkContext context) throws SQLException {
        return context.update("n = n + 1");
    }
}
