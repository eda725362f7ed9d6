package org.registrybbm.app.internal.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.cli.foreground.Foreground;
import org.registrybbm.app.internal.text.CommandFailure;
import org.registrybbm.app.internal.text.Lines;
import org.registrybbm.app.internal.text.Printable;
import org.registrybbm.app.internal.text.Terminal;
import org.registrybbm.app.internal.text.answer.StatusTable;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.status.Reason;
import org.registrybbm.migrations.status.StatusReader;

/**
 * Runs {@code background-migrate status --watch} and {@code --wait}: looks again and again, until somebody stops it, or until nothing goes on
 * by itself any more.
 */
final class StatusWatch {
    /** The exit code when everything that is left waits for a person. */
    static final int STANDS = 3;
    /** The exit code when the time was over. */
    static final int TOO_LATE = 4;

    private static final Duration LOOK = Duration.ofSeconds(2);
    private static final int MOST_FAILURES = 30;
    private static final String HOME = "\033[H";
    private static final String CLEAR = "\033[J";
    private static final String CLEAR_LINE = "\033[K";

    private final StatusReader status;
    private final List<String> names;
    private final boolean all;
    private final PrintStream out;
    private final PrintStream err;
    private int failures;

    /**
     * Creates a watch.
     *
     * @param status tells how far migrations are
     * @param names the names of the migrations; empty for all
     * @param all whether those that are done are listed too
     * @param out where tables go
     * @param err where it is said how a wait ended
     */
    StatusWatch(StatusReader status, List<String> names, boolean all, PrintStream out, PrintStream err) {
        this.status = status;
        this.names = names;
        this.all = all;
        this.out = out;
        this.err = err;
    }

    /** What becomes of a migration when nobody does anything. */
    private enum Outlook {
        ENDS,
        STANDS,
        DONE
    }

    /**
     * Looks until it is stopped, or until nothing goes on by itself.
     *
     * @param show whether the table is shown each time
     * @param longest how long to wait for an end; null to look until somebody stops it
     * @throws CommandFailure when a migration waits for a person, or the time was over
     */
    void run(boolean show, @Nullable Duration longest) {
        Foreground.run(stop -> look(stop, show, longest), "the database did not answer in time");
    }

    private void look(StopSignal stop, boolean show, @Nullable Duration longest) {
        long end = longest == null ? 0 : System.nanoTime() + longest.toNanos();
        String shown = "";
        while (!stop.isStopping()) {
            List<MigrationOverview> overviews = ask(names);
            if (show && failures == 0) {
                shown = show(overviews, shown);
            }
            if (longest != null && failures == 0 && !goesOn(overviews)) {
                report(overviews);
                return;
            }
            if (longest != null && System.nanoTime() >= end) {
                err.println("the time is over");
                overviews.stream()
                        .filter(one -> outlook(one) == Outlook.ENDS)
                        .map(StatusWatch::text)
                        .forEach(err::println);
                throw CommandFailure.alreadySaid(TOO_LATE);
            }
            pause(stop);
        }
    }

    /** Asks the database. It may be away for a minute, in which there are no migrations to tell of. */
    private List<MigrationOverview> ask(List<String> which) {
        try {
            List<MigrationOverview> overviews = status.overviews(which);
            failures = 0;
            return overviews;
        } catch (DatabaseException e) {
            failures++;
            if (failures > MOST_FAILURES) {
                throw e;
            }
            err.println(Printable.of(String.valueOf(e.getMessage())) + "; trying again");
            return List.of();
        }
    }

    /** Whatever is to run after others goes on only if something does that is not waiting like itself. */
    private boolean goesOn(List<MigrationOverview> overviews) {
        if (overviews.stream().anyMatch(StatusWatch::goesOnAlone)) {
            return true;
        }
        boolean waits = overviews.stream().anyMatch(one -> outlook(one) == Outlook.ENDS);
        return waits && (ask(List.of()).stream().anyMatch(StatusWatch::goesOnAlone) || failures > 0);
    }

    private static boolean goesOnAlone(MigrationOverview one) {
        return outlook(one) == Outlook.ENDS && one.reason().code() != Reason.Code.WAITS_MIGRATION;
    }

    private String show(List<MigrationOverview> overviews, String shown) {
        int width = Terminal.width(System.getenv()).orElse(StatusTable.WIDTH);
        String table = StatusTable.render(overviews, width, all);
        if (Terminal.isThere()) {
            String lines = Lines.first(table, Terminal.height(System.getenv()).orElse(Integer.MAX_VALUE) - 1).stream()
                    .map(line -> line + CLEAR_LINE)
                    .collect(Collectors.joining(System.lineSeparator()));
            out.print(HOME + lines + System.lineSeparator() + CLEAR);
        } else if (!table.equals(shown)) {
            out.print((shown.isEmpty() ? "" : System.lineSeparator()) + table);
        }
        out.flush();
        return table;
    }

    private void report(List<MigrationOverview> overviews) {
        List<MigrationOverview> left =
                overviews.stream().filter(one -> outlook(one) != Outlook.DONE).toList();
        if (left.isEmpty()) {
            return;
        }
        left.stream().map(StatusWatch::text).forEach(err::println);
        boolean failed = left.stream()
                .anyMatch(one -> outlook(one) == Outlook.STANDS && one.reason().code() != Reason.Code.PAUSED);
        throw failed ? CommandFailure.alreadySaid() : CommandFailure.alreadySaid(STANDS);
    }

    private static String text(MigrationOverview one) {
        return Printable.of(one.migration().name() + ": " + one.explanation());
    }

    private static Outlook outlook(MigrationOverview one) {
        return switch (one.reason().code()) {
            case VERIFIED, UNVERIFIED -> Outlook.DONE;
            case PAUSED, FAILED, QUARANTINED_ROWS, STOPPED_BY_BUDGET -> Outlook.STANDS;
            // A replica, a standby or a deployment may come.
            default -> Outlook.ENDS;
        };
    }

    private static void pause(StopSignal stop) {
        long end = System.nanoTime() + LOOK.toNanos();
        while (!stop.isStopping() && System.nanoTime() < end) {
            try {
                TimeUnit.MILLISECONDS.sleep(100);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
