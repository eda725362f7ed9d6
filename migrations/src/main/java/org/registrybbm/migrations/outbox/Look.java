package org.registrybbm.migrations.outbox;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.status.OverviewQueries;
import org.registrybbm.migrations.status.Reason;

/** Looks at the migrations that should run, and writes messages about those that stand still or have reached a mark. */
final class Look {
    private static final int[] MARKS = {75, 50, 25};

    // While a new release is rolled out, the code of a migration may be missing for some minutes.
    private static final String RUNNABLE = """
            SELECT m.id, m.name, coalesce(t.percent, 0) AS percent, coalesce(t.stalled, false) AS stalled,
                coalesce(m.code_missing_since < clock_timestamp() - interval '5 minutes', false) AS missing
            FROM batched_background_migrations m
            LEFT JOIN batched_background_migration_told t ON t.batched_background_migration_id = m.id
            WHERE m.status IN (1, 4)
            ORDER BY m.status DESC, m.id
            LIMIT 100
            """;

    private static final Set<Reason.Code> MOVES =
            EnumSet.of(Reason.Code.RUNNING, Reason.Code.VERIFYING, Reason.Code.RETRYING_ROWS);

    private Look() {}

    private record Told(long id, String name, int percent, boolean stalled, boolean missing) {}

    /** Returns whether a message was written. */
    static boolean tell(Connection tx) throws SQLException {
        List<Told> all = Jdbc.list(
                tx,
                RUNNABLE,
                row -> new Told(
                        row.getLong("id"),
                        row.getString("name"),
                        row.getInt("percent"),
                        row.getBoolean("stalled"),
                        row.getBoolean("missing")));
        if (all.isEmpty()) {
            return false;
        }
        Map<Long, Told> byId = all.stream().collect(Collectors.toMap(Told::id, Function.identity()));
        boolean told = false;
        for (MigrationOverview now :
                OverviewQueries.list(tx, all.stream().map(Told::name).toList())) {
            Told before = byId.get(now.migration().id());
            if (before != null) {
                told |= progress(tx, now, before) | stalled(tx, now, before);
            }
        }
        return told;
    }

    private static boolean progress(Connection tx, MigrationOverview now, Told before) throws SQLException {
        double percent = now.progressPercent().orElse(0);
        for (int mark : MARKS) {
            if (percent >= mark) {
                return mark > before.percent()
                        && MessageQueries.writeProgress(
                                tx, mark, States.of(now, mark + " % is done; " + now.explanation()));
            }
        }
        return false;
    }

    private static boolean stalled(Connection tx, MigrationOverview now, Told before) throws SQLException {
        Reason.Code code = now.reason().code();
        boolean stands = code == Reason.Code.STALLED || code == Reason.Code.MISSING_CODE && before.missing();
        if (before.stalled() && MOVES.contains(code)) {
            MessageQueries.movesAgain(tx, before.id());
        }
        return stands && !before.stalled() && MessageQueries.writeStalled(tx, States.of(now, now.explanation()));
    }
}
