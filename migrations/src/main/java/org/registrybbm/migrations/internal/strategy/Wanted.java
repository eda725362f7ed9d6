package org.registrybbm.migrations.internal.strategy;

import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What is wanted of a batching strategy for the next sub-batch.
 *
 * @param rows how many it should have, at least 1
 * @param foresight what is known of the rows behind those of the sub-batch before; empty where no other one follows
 * @param patience gives its transaction more time than a sub-batch has else
 */
public record Wanted(int rows, Optional<Foresight> foresight, Consumer<Duration> patience) {
    /** Returns a wish for some rows, with which the run ends. */
    public static Wanted of(int rows) {
        return new Wanted(rows, Optional.empty(), unused -> {});
    }
}
