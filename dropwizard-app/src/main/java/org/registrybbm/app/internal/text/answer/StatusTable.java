package org.registrybbm.app.internal.text.answer;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.registrybbm.app.internal.text.Figures;
import org.registrybbm.app.internal.text.Lines;
import org.registrybbm.app.internal.text.Printable;
import org.registrybbm.app.internal.text.TextTable;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.status.Pace;
import org.registrybbm.migrations.status.Reason;

/**
 * Shows batched migrations to people: those that need somebody first, then those at work, those that stand still, and those that are done.
 * No line is longer than the terminal is wide, but for a command with a name that has to be quoted and is long.
 */
public final class StatusTable {
    /** How wide a terminal is taken to be if it does not say. */
    public static final int WIDTH = 120;

    private static final int NARROWEST = 50;
    private static final int WIDE_ENOUGH_FOR_ROWS = 76;
    private static final int MOST_OF_A_GROUP = 50;
    private static final String NAME = "Batched Background Migration";
    private static final String STATUS = "Status";
    private static final String PROGRESS = "Progress";
    private static final String ROWS = "Rows";
    private static final String GAP = " | ";
    private static final String INDENT = "  ";

    private final int width;
    private final boolean withRows;
    private final int nameWidth;
    private final int statusWidth;
    private final StringBuilder text = new StringBuilder();

    private StatusTable(List<MigrationOverview> overviews, int width) {
        this.width = Math.max(NARROWEST, width);
        this.withRows = width >= WIDE_ENOUGH_FOR_ROWS;
        this.statusWidth = widest(STATUS, overviews.stream().map(StatusTable::status));
        int rowsWidth = widest(ROWS, overviews.stream().map(Figures::rows));
        int others = statusWidth + PROGRESS.length() + 2 * GAP.length() + (withRows ? GAP.length() + rowsWidth : 0);
        int widestName = widest(NAME, overviews.stream().map(StatusTable::name));
        this.nameWidth = Math.max(NAME.length(), Math.min(widestName, this.width - others));
    }

    /**
     * Returns a table of migrations.
     *
     * @param overviews the migrations
     * @param width the longest line, in characters; at least 50 are used
     * @param all whether those that are done are listed too, and not only counted, and whether more than 50 of the others are
     */
    public static String render(List<MigrationOverview> overviews, int width, boolean all) {
        Map<Reason.Attention, List<MigrationOverview>> groups = overviews.stream()
                .collect(Collectors.groupingBy(
                        one -> one.reason().code().attention(),
                        () -> new EnumMap<>(Reason.Attention.class),
                        Collectors.toList()));
        List<MigrationOverview> listed = overviews.stream()
                .filter(one -> all || one.reason().code().attention() != Reason.Attention.DONE)
                .toList();
        StatusTable table = new StatusTable(listed, width);
        if (overviews.isEmpty() || !listed.isEmpty()) {
            table.head();
        }
        groups.forEach((attention, group) -> table.group(attention, group, all));
        return table.text.toString();
    }

    private void head() {
        row(NAME, STATUS, PROGRESS, ROWS);
        int rest = width - nameWidth - statusWidth - PROGRESS.length() - 3 * GAP.length();
        line(Stream.of(nameWidth, statusWidth, PROGRESS.length(), withRows ? rest : 0)
                .filter(length -> length > 0)
                .map("-"::repeat)
                .collect(Collectors.joining("-+-")));
    }

    private void group(Reason.Attention attention, List<MigrationOverview> group, boolean all) {
        if (attention == Reason.Attention.DONE && !all) {
            line(folded(group));
            return;
        }
        line(title(attention) + " (" + group.size() + ")");
        int most = all ? group.size() : Math.min(group.size(), MOST_OF_A_GROUP);
        group.subList(0, most).forEach(this::migration);
        if (most < group.size()) {
            line("and " + (group.size() - most) + " more; --all lists them");
        }
    }

    private static String title(Reason.Attention attention) {
        return attention.name().replace('_', ' ');
    }

    private static String folded(List<MigrationOverview> done) {
        long verified = done.stream()
                .filter(one -> one.reason().code() == Reason.Code.VERIFIED)
                .count();
        return title(Reason.Attention.DONE) + " (" + done.size() + "), "
                + (verified == done.size() ? "all verified" : verified + " verified") + "; --all lists them";
    }

    private void migration(MigrationOverview overview) {
        row(name(overview), status(overview), Figures.percent(overview), Figures.rows(overview));
        Lines.wrapped(sentence(overview), INDENT, width).forEach(this::line);
        overview.reason()
                .command()
                .map(Printable::of)
                .ifPresent(
                        command -> Lines.command(command, INDENT + "> ", width).forEach(this::line));
    }

    private String sentence(MigrationOverview overview) {
        String sentence = (withRows ? "" : Figures.rows(overview) + " rows, ") + Printable.of(overview.explanation());
        if (overview.reason().code() == Reason.Code.VERIFIED) {
            sentence += ", at " + TextTable.at(overview.migration().timeline().verifiedAt());
        }
        sentence += overview.pace().map(StatusTable::pace).orElse("");
        if (overview.quarantinedRows() > 0 && overview.reason().code() != Reason.Code.QUARANTINED_ROWS) {
            sentence += "; "
                    + (overview.quarantinedRows() == 1
                            ? "1 row in quarantine"
                            : Figures.number(overview.quarantinedRows()) + " rows in quarantine");
        }
        return overview.priority() == 0 ? sentence : sentence + "; priority " + overview.priority();
    }

    private static String pace(Pace pace) {
        return "; " + Figures.rate(pace)
                + pace.left().map(left -> ", " + Figures.left(left)).orElse("");
    }

    /** A name that is too long has a line of its own, so that no part of it is lost. */
    private void row(String name, String status, String progress, String rows) {
        String last = GAP
                + pad(status, statusWidth)
                + GAP
                + " ".repeat(PROGRESS.length() - progress.length())
                + progress
                + (withRows ? GAP + rows : "");
        if (name.length() > nameWidth) {
            Lines.wrapped(name, "", width).forEach(this::line);
            line(" ".repeat(nameWidth) + last);
        } else {
            line(pad(name, nameWidth) + last);
        }
    }

    private void line(String line) {
        text.append(line.stripTrailing()).append('\n');
    }

    private static String pad(String cell, int width) {
        return cell + " ".repeat(Math.max(0, width - cell.length()));
    }

    private static int widest(String heading, Stream<String> cells) {
        return Math.max(heading.length(), cells.mapToInt(String::length).max().orElse(0));
    }

    private static String name(MigrationOverview overview) {
        return Printable.of(overview.migration().name());
    }

    private static String status(MigrationOverview overview) {
        return overview.migration().status().word();
    }
}
