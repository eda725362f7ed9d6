package org.registrybbm.migrations.work;

import java.util.Map;
import java.util.Optional;
import org.registrybbm.migrations.internal.catalog.Needs;

/** The work functions that come with the library: two of the container registry, and two for general use. */
public final class ShippedWorkFunctions {
    private ShippedWorkFunctions() {}

    /** Returns all shipped work functions by their signature. */
    public static Map<String, WorkFunction> all() {
        return Map.of(
                "copyManifestMediaTypeIDToNewBigIntColumn",
                CopyColumn.fixed("media_type_id", "media_type_id_convert_to_bigint"),
                "populateBlobsIDColumn",
                FillColumn.fixed("public.blobs_id_seq"),
                "copyColumn",
                CopyColumn.configured(),
                "fillColumn",
                FillColumn.configured());
    }

    /**
     * Returns what a work function reads and writes besides the key; empty when it does not say this. Only shipped work functions say it.
     *
     * @param function the work function
     * @param arguments the migration's arguments
     * @param column the migration's column
     * @throws org.registrybbm.migrations.failure.InvalidDefinitionException when it does not accept the arguments
     */
    public static Optional<Needs> needs(WorkFunction function, Arguments arguments, String column) {
        return function instanceof StatesNeeds stating
                ? Optional.of(stating.needs(arguments, column))
                : Optional.empty();
    }
}
