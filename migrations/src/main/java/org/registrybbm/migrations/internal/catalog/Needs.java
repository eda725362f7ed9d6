package org.registrybbm.migrations.internal.catalog;

import java.util.List;
import java.util.Optional;

/**
 * What a work function reads and writes beside the key, by the names in its arguments.
 *
 * @param reads columns that it only reads
 * @param writes columns that it reads and writes; empty if it does not say, and then the right to write any one column is enough
 * @param sequence the sequence that it takes numbers from; empty for none
 */
public record Needs(List<String> reads, List<String> writes, Optional<String> sequence) {
    public static final Needs UNKNOWN = new Needs(List.of(), List.of(), Optional.empty());
}
