package org.registrybbm.app.internal.api;

import java.util.Optional;
import org.registrybbm.app.internal.snapshot.Snapshots;
import org.registrybbm.app.internal.web.Problem;
import org.registrybbm.migrations.status.MigrationOverview;

/** What this replica knows of the fleet now. */
final class Fleet {
    private Fleet() {}

    static Snapshots.Seen seen(Snapshots snapshots) {
        return snapshots
                .latest()
                .orElseThrow(
                        () -> Problem.thrown(503, "the database has not answered yet; try again in a few seconds"));
    }

    static String name(Snapshots snapshots, long id) {
        return find(snapshots, id)
                .orElseThrow(() -> Problem.thrown(404, "there is no migration with the id " + id))
                .migration()
                .name();
    }

    static Optional<MigrationOverview> find(Snapshots snapshots, long id) {
        Snapshots.Seen unused = seen(snapshots);
        return snapshots.find(id).map(Snapshots.Found::migration);
    }
}
