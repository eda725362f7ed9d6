package org.registrybbm.app.demo;

import java.io.PrintStream;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.registrybbm.app.internal.text.Terminal;
import org.registrybbm.migrations.status.MigrationOverview;

/** Shows a line for each group: on a terminal the lines are redrawn, elsewhere they are printed every 3 s. */
final class DemoView {
    private static final int BAR = 24;
    private static final long ELSEWHERE_NANOS = Duration.ofSeconds(3).toNanos();
    private static final long RECENT_NANOS = Duration.ofSeconds(2).toNanos();

    private final PrintStream out;
    private final long rows;
    private final boolean terminal = Terminal.isThere();
    private final Map<DemoGroup, Rate> rates = new HashMap<>();
    private final Map<DemoGroup, Map<String, Long>> seenAt = new HashMap<>();
    private int drawn;
    private long printedAt = System.nanoTime() - ELSEWHERE_NANOS;

    DemoView(PrintStream out, long rows) {
        this.out = out;
        this.rows = rows;
    }

    void show(List<MigrationOverview> overviews) {
        for (DemoGroup group : DemoGroup.ALL) {
            Map<String, Long> seen = seenAt.computeIfAbsent(group, key -> new HashMap<>());
            group.standing(overviews).replicas().forEach(replica -> seen.put(replica, System.nanoTime()));
        }
        if (terminal) {
            up();
        } else if (System.nanoTime() - printedAt < ELSEWHERE_NANOS) {
            return;
        }
        printedAt = System.nanoTime();
        for (DemoGroup group : DemoGroup.ALL) {
            out.println((terminal ? "\033[K" : "") + line(group, group.standing(overviews)));
            drawn++;
        }
        out.flush();
    }

    /** Prints a line that stays, above the lines that are redrawn. */
    void say(String line) {
        if (terminal) {
            up();
        }
        out.println((terminal ? "\033[K" : "") + line);
        out.flush();
    }

    private void up() {
        if (drawn > 0) {
            out.print("\033[" + drawn + "A");
        }
        drawn = 0;
    }

    private String line(DemoGroup group, DemoGroup.Standing standing) {
        double share = Math.min(1, (double) standing.migrated() / rows);
        int full = (int) Math.floor(share * BAR);
        double perSecond = rates.computeIfAbsent(group, key -> new Rate()).perSecond(standing.migrated());
        return String.format(
                Locale.ROOT,
                "  %-22s [%s%s] %5.1f %%  %,9.0f rows/s  %s",
                group.title(),
                "#".repeat(full),
                ".".repeat(BAR - full),
                share * 100,
                perSecond,
                work(group, standing));
    }

    private String work(DemoGroup group, DemoGroup.Standing standing) {
        if (standing.finished()) {
            return "finished";
        }
        long now = System.nanoTime();
        // A replica between two batch jobs counts as working.
        long count = seenAt.getOrDefault(group, Map.of()).values().stream()
                .filter(at -> now - at < RECENT_NANOS)
                .count();
        if (count == 0) {
            return standing.migrated() == 0 ? "waits" : "waits for a takeover";
        }
        return count == 1 ? "1 replica at work" : count + " replicas at work";
    }

    /** Measures rows per second, over a second or more. */
    private static final class Rate {
        private static final double NANOS = 1e9;
        private long migrated;
        private long at = System.nanoTime();
        private double last;

        double perSecond(long now) {
            long nanos = System.nanoTime();
            double seconds = (double) (nanos - at) / NANOS;
            if (seconds >= 1) {
                last = (now - migrated) / seconds;
                migrated = now;
                at = nanos;
            }
            return last;
        }
    }
}
