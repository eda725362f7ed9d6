package org.registrybbm.migrations.work;

import java.util.Map;

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
}
