package org.registrybbm.app.internal.text;

import java.util.List;
import java.util.Locale;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.status.MigrationOverview;

/** Shows batched migrations to people. */
public final class StatusTable {
    private StatusTable() {}

    /** Returns a table with a row for each migration, in the given order. */
    public static String render(List<MigrationOverview> overviews) {
        TextTable table = new TextTable(
                "Batched Background Migration",
                "Status",
                "Progress",
                "Rows",
                "Priority",
                "Quarantined",
                "Verified",
                "Why");
        for (MigrationOverview overview : overviews) {
            BatchedMigration migration = overview.migration();
            table.add(
                    migration.name(),
                    migration.status().word(),
                    progress(overview),
                    rows(overview),
                    Integer.toString(overview.priority()),
                    Long.toString(overview.quarantinedRows()),
                    TextTable.at(migration.timeline().verifiedAt()),
                    overview.explanation());
        }
        return table.toString();
    }

    private static String progress(MigrationOverview overview) {
        return overview.progressPercent().isEmpty()
                ? "-"
                : String.format(
                        Locale.ROOT, "%.1f%%", overview.progressPercent().getAsDouble());
    }

    private static String rows(MigrationOverview overview) {
        Long total = overview.migration().totalTupleCount();
        long covered = overview.coveredTupleCount();
        // The total is an estimate. If more rows were counted than that, it was too low.
        return covered + " of " + (total == null ? "?" : "~" + Math.max(total, covered));
    }
}
