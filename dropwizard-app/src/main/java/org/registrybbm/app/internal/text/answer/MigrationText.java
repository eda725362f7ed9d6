package org.registrybbm.app.internal.text.answer;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.registrybbm.app.internal.text.Figures;
import org.registrybbm.app.internal.text.Lines;
import org.registrybbm.app.internal.text.Printable;
import org.registrybbm.app.internal.text.TextTable;
import org.registrybbm.migrations.audit.RecordedEvent;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.status.BatchJobOverview;
import org.registrybbm.migrations.status.KeyMap;
import org.registrybbm.migrations.status.MigrationOverview;

/** Shows one migration to people: why it does what it does, and all that is known of it. */
public final class MigrationText {
    private static final String INDENT = "  ";

    private final int width;
    private final List<String> lines = new ArrayList<>();

    private MigrationText(int width) {
        this.width = width;
    }

    /**
     * Says what a migration is doing, or why it stands still, what to type next, and what was decided lately.
     *
     * @param width the longest line, in characters
     */
    public static String why(MigrationOverview one, List<RecordedEvent> events, int width) {
        MigrationText text = new MigrationText(width);
        text.head(one);
        text.events(events);
        return text.toString();
    }

    /**
     * Shows all that is known of a migration.
     *
     * @param width the longest line of sentences, in characters; tables may be wider
     */
    public static String show(
            MigrationOverview one,
            Optional<KeyMap> map,
            List<BatchJobOverview> jobs,
            List<RecordedEvent> events,
            int width) {
        MigrationText text = new MigrationText(width);
        text.head(one);
        text.figures(one);
        map.ifPresent(text::map);
        text.definition(one.migration());
        if (!jobs.isEmpty()) {
            text.lines.add("");
            text.lines.add("Batch jobs that are not finished");
            BatchJobTable.render(jobs).lines().forEach(text.lines::add);
        }
        text.events(events);
        return text.toString();
    }

    private void head(MigrationOverview one) {
        String attention =
                one.reason().code().attention().name().replace('_', ' ').toLowerCase(Locale.ROOT);
        lines.addAll(Lines.wrapped(
                Printable.of(one.migration().name()) + ": "
                        + one.migration().status().word() + ", " + attention + " ("
                        + one.reason().code().word() + ")",
                "",
                width));
        lines.addAll(Lines.wrapped(Printable.of(one.explanation()), INDENT, width));
        one.reason()
                .command()
                .map(Printable::of)
                .ifPresent(command -> lines.addAll(Lines.command(command, INDENT + "> ", width)));
    }

    private void figures(MigrationOverview one) {
        lines.add("");
        fact("progress", Figures.percent(one) + " (" + Figures.rows(one) + " rows)");
        fact("changed", Figures.number(one.migratedTupleCount()) + " rows");
        one.pace().ifPresent(pace -> fact("speed", Figures.rate(pace) + " over the last 15 min at work"));
        one.pace().flatMap(pace -> pace.left()).ifPresent(left -> fact("time", Figures.left(left)));
        fact(
                "batch jobs",
                Figures.number(one.finishedJobs()) + " finished, " + Figures.number(one.activeJobs()) + " open, "
                        + Figures.number(one.failedJobs()) + " failed, " + Figures.number(one.takeovers())
                        + " times taken over");
        if (one.quarantinedRows() > 0) {
            fact("quarantine", Figures.number(one.quarantinedRows()) + " rows");
        }
        if (!one.replicas().isEmpty()) {
            fact("on", String.join(", ", one.replicas()));
        }
        fact("priority", Integer.toString(one.priority()));
    }

    private void definition(BatchedMigration migration) {
        fact(
                "table",
                migration.definition().table() + " (" + migration.definition().column() + ")");
        fact(
                "work",
                migration.definition().signature() + " "
                        + Objects.requireNonNullElse(migration.definition().arguments(), ""));
        if (migration.definition().strategy() != null) {
            fact("strategy", migration.definition().strategy());
        }
        fact("started", TextTable.at(migration.timeline().startedAt()));
        fact("finished", TextTable.at(migration.timeline().finishedAt()));
        fact("verified", TextTable.at(migration.timeline().verifiedAt()));
    }

    private void fact(String name, String value) {
        String line = INDENT + String.format(Locale.ROOT, "%-11s", name) + Printable.of(value);
        if (line.length() <= width) {
            lines.add(line);
        } else {
            lines.addAll(Lines.wrapped(line.strip(), INDENT, width));
        }
    }

    private void map(KeyMap map) {
        String cells = map.cells().stream()
                .map(cell -> switch (cell) {
                    case FAILED -> "!";
                    case AT_WORK -> ">";
                    case OPEN -> "-";
                    case DONE -> "#";
                    case TO_DO -> ".";
                })
                .collect(Collectors.joining());
        fact("keys", "[" + cells + "]");
        fact("", map.first() + " to about " + map.last() + "; # done, > at work, - begun, ! failed");
    }

    private void events(List<RecordedEvent> events) {
        if (!events.isEmpty()) {
            lines.add("");
            lines.add("Newest events");
            events.forEach(event -> lines.addAll(Lines.wrapped(Printable.of(event(event)), INDENT, width)));
        }
    }

    private static String event(RecordedEvent event) {
        String numbers = event.newValue() == null
                ? ""
                : (event.oldValue() == null ? " " : " " + Figures.number(event.oldValue()) + " -> ")
                        + Figures.number(event.newValue());
        return TextTable.at(event.at()) + " " + event.event() + numbers
                + (event.actor() == null ? "" : " by " + EventTable.by(event))
                + (event.reason() == null ? "" : ": " + event.reason());
    }

    @Override
    public String toString() {
        return lines.stream().map(String::stripTrailing).collect(Collectors.joining("\n", "", "\n"));
    }
}
