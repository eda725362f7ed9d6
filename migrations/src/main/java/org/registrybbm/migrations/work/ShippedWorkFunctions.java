package org.registrybbm.migrations.work;

import java.util.Map;
import java.util.Optional;
import org.registrybbm.migrations.internal.catalog.Needs;

/** The work functions that come with the library, by signature: the container registry's two, and two general ones. */
public final class ShippedWorkFunctions {
    private ShippedWorkFunctions() {}

    /** Returns them all. */
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
     * Returns what a work function reads and writes beside the key; empty where it does not say, as any of an author's.
     *
     * @param arguments of the migration
     * @param column the migration's own
     * @throws org.registrybbm.migrations.failure.InvalidDefinitionException for arguments that it does not take
     */
    public static Optional<Needs> needs(WorkFunction function, Arguments arguments, String column) {
        return function instanceof StatesNeeds stating
                ? Optional.of(stating.needs(arguments, column))
                : Optional.empty();
    }
}
