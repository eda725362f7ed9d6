package org.registrybbm.app.demo;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.status.MigrationOverview;

/**
 * Shows all batched migrations with the same work function as one.
 *
 * @param title its name on the screen
 * @param signature the work function
 */
record DemoGroup(String title, String signature) {
    static final DemoGroup MANIFESTS = new DemoGroup("manifests", "copyManifestMediaTypeIDToNewBigIntColumn");
    static final DemoGroup BLOBS = new DemoGroup("blobs (64 migrations)", "populateBlobsIDColumn");
    static final List<DemoGroup> ALL = List.of(MANIFESTS, BLOBS);

    /** Holds how far the group is. */
    record Standing(long migrated, long takeovers, Set<String> replicas, boolean finished) {}

    Standing standing(List<MigrationOverview> overviews) {
        List<MigrationOverview> own = overviews.stream()
                .filter(one -> one.migration().definition().signature().equals(signature))
                .toList();
        Set<String> replicas = new TreeSet<>();
        own.forEach(one -> replicas.addAll(one.replicas()));
        return new Standing(
                own.stream().mapToLong(MigrationOverview::migratedTupleCount).sum(),
                own.stream().mapToLong(MigrationOverview::takeovers).sum(),
                replicas,
                own.stream().allMatch(one -> one.migration().status() == MigrationStatus.FINISHED));
    }
}
