package org.registrybbm.app.internal.text;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.ObjLongConsumer;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.model.BatchedMigration;

/** Shows the progress of a verification: a line from time to time. */
public final class VerifyProgress implements ObjLongConsumer<String> {
    private final Map<String, Long> totals = new HashMap<>();
    private final Consumer<String> lines;
    private final long everyNanos;
    private final LongSupplier nanos;
    private @Nullable Long lastShown;

    /**
     * Describes how to show the progress.
     *
     * @param migrations the migrations to verify, which say about how many rows there are
     * @param every the shortest time between two lines
     * @param nanos a clock that only goes forward
     * @param lines takes the lines
     */
    public VerifyProgress(
            List<BatchedMigration> migrations, Duration every, LongSupplier nanos, Consumer<String> lines) {
        for (BatchedMigration migration : migrations) {
            Long total = migration.totalTupleCount();
            if (total != null) {
                totals.put(migration.name(), total);
            }
        }
        this.everyNanos = every.toNanos();
        this.nanos = nanos;
        this.lines = lines;
    }

    @Override
    public void accept(String migration, long rows) {
        long now = nanos.getAsLong();
        Long last = lastShown;
        if (last != null && now - last < everyNanos) {
            return;
        }
        lastShown = now;
        Long total = totals.get(migration);
        lines.accept("verifying " + migration + ": " + rows + (total == null ? "" : " of ~" + Math.max(total, rows))
                + " rows");
    }
}
