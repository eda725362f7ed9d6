package org.registrybbm.migrations.internal.catalog;

import java.util.List;
import java.util.Optional;

/**
 * What the work of a migration reads and writes beside the key, by the names in its arguments.
 *
 * @param reads columns that it reads
 * @param writes columns that it reads and writes; none where it does not say, and then any one will do
 * @param sequence the sequence that it takes numbers from
 */
public record Needs(List<String> reads, List<String> writes, Optional<String> sequence) {
    public static final Needs UNKNOWN = new Needs(List.of(), List.of(), Optional.empty());
}
