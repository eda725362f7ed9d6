package org.registrybbm.app.internal.text;

import java.util.Locale;
import java.util.OptionalLong;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.status.Pace;

/** Writes the numbers of a migration for people, the same in a terminal and on the page. */
public final class Figures {
    /** Stands for a number that nobody knows. */
    public static final String UNKNOWN = "-";

    private static final long MILLION = 1_000_000;
    private static final long MANY = 10 * MILLION;

    private Figures() {}

    /** Returns a number with separators, or in millions if it is large. */
    public static String number(long rows) {
        return rows < MANY
                ? String.format(Locale.ROOT, "%,d", rows)
                : String.format(Locale.ROOT, "%,.1fM", (double) rows / MILLION);
    }

    /** Returns how far a migration is. */
    public static String percent(MigrationOverview overview) {
        return overview.progressPercent().isEmpty()
                ? UNKNOWN
                : String.format(
                        Locale.ROOT, "%.1f%%", overview.progressPercent().getAsDouble());
    }

    /** Returns how many rows were looked at, of how many. */
    public static String rows(MigrationOverview overview) {
        OptionalLong expected = overview.expectedTupleCount();
        long covered = overview.coveredTupleCount();
        // What is expected is an estimate. If more rows were counted than that, it was too low.
        return expected.isEmpty()
                ? number(covered)
                : number(covered) + " of ~" + number(Math.max(expected.getAsLong(), covered));
    }

    /** Returns how fast it is. */
    public static String rate(Pace pace) {
        return number(Math.round(pace.rowsPerSecond())) + " rows/s";
    }

    /** Returns how long the rest takes, such as {@code 2 h to 3 h left}. */
    public static String left(Pace.Range left) {
        return TextTable.length(left.least()) + " to " + TextTable.length(left.most()) + " left";
    }
}
