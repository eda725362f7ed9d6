package org.registrybbm.migrations.internal.strategy;

import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What a batching strategy is asked for: the next sub-batch.
 *
 * @param rows how many rows it should have, at least 1
 * @param foresight what is known about the rows behind those of the previous sub-batch; empty if no other sub-batch follows
 * @param patience gives the transaction more time than a sub-batch usually has
 */
public record Wanted(int rows, Optional<Foresight> foresight, Consumer<Duration> patience) {
    /** Asks for a single sub-batch, after which the run ends. */
    public static Wanted of(int rows) {
        return new Wanted(rows, Optional.empty(), unused -> {});
    }
}
