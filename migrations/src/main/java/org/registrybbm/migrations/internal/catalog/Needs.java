package org.registrybbm.migrations.internal.catalog;

import com.fasterxml.jackson.databind.JsonNode;
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

    /** Work that says what it needs, so that a right that is missing is found before the first row. */
    public interface Told {
        /**
         * Returns what it needs.
         *
         * @param arguments of the migration
         * @param column the migration's own
         * @throws org.registrybbm.migrations.model.InvalidDefinitionException for arguments that it does not take
         */
        Needs needs(JsonNode arguments, String column);
    }
}
