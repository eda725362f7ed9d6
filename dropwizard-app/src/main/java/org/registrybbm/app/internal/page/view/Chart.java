package org.registrybbm.app.internal.page.view;

import static j2html.TagCreator.details;
import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.p;
import static j2html.TagCreator.summary;
import static j2html.TagCreator.table;
import static j2html.TagCreator.tag;
import static j2html.TagCreator.tbody;
import static j2html.TagCreator.td;
import static j2html.TagCreator.th;
import static j2html.TagCreator.thead;
import static j2html.TagCreator.tr;

import j2html.tags.ContainerTag;
import j2html.tags.DomContent;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.registrybbm.app.internal.text.Figures;
import org.registrybbm.app.internal.text.TextTable;
import org.registrybbm.app.internal.text.answer.EventTable;
import org.registrybbm.migrations.audit.RecordedEvent;
import org.registrybbm.migrations.status.Sample;

/** How fast a migration was over time, with a mark for each decision. */
final class Chart {
    private static final int WIDTH = 800;
    private static final int HEIGHT = 160;
    private static final int LEFT = 70;
    private static final int BOTTOM = 24;
    private static final int TOP = 14;
    private static final int POINTS = 240;
    private static final int ROWS = 20;
    private static final Set<String> MARKED =
            Set.of("paused", "started", "retried", "waived", "taken_over", "budget", "priority", "quarantined");

    private final List<Rates.Point> points;
    private final Instant from;
    private final Duration length;
    private final double most;

    private Chart(List<Rates.Point> points) {
        this.points = points;
        this.from = points.get(0).at();
        Duration whole = Duration.between(from, points.get(points.size() - 1).at());
        this.length = whole.isZero() ? Duration.ofSeconds(1) : whole;
        this.most = Math.max(
                1, points.stream().mapToDouble(Rates.Point::rowsPerSecond).max().orElse(1));
    }

    static DomContent of(List<Sample> samples, List<RecordedEvent> events) {
        List<Rates.Point> points = Rates.of(samples, POINTS);
        return points.size() < 2
                ? p("There is nothing to draw yet: a replica takes a sample every ten seconds while it works.")
                : new Chart(points).draw(events);
    }

    private DomContent draw(List<RecordedEvent> events) {
        ContainerTag<?> svg = tag("svg")
                .withClass("chart")
                .attr("viewBox", "0 0 " + WIDTH + " " + HEIGHT)
                .attr("role", "img")
                .attr(
                        "aria-label",
                        "rows per second from " + TextTable.at(from) + " to " + TextTable.at(from.plus(length))
                                + ", at most " + Figures.number(Math.round(most)));
        for (double part : new double[] {0, 0.5, 1}) {
            svg.with(
                    line("grid", LEFT, y(most * part), WIDTH, y(most * part)),
                    text(LEFT - 6, y(most * part) + 4, "end", Figures.number(Math.round(most * part))));
        }
        svg.with(
                text(LEFT, HEIGHT - 6, "start", TextTable.at(from)),
                text(WIDTH, HEIGHT - 6, "end", TextTable.at(from.plus(length))));
        lines().forEach(line -> svg.with(tag("polyline").attr("points", line)));
        events.stream()
                .filter(event -> MARKED.contains(event.event()))
                .filter(event -> !event.at().isBefore(from) && !event.at().isAfter(from.plus(length)))
                .forEach(event -> svg.with(mark(event)));
        return div(svg, figures());
    }

    /** One line for each time at work without a break. */
    private List<String> lines() {
        List<StringBuilder> lines = new ArrayList<>();
        for (Rates.Point point : points) {
            if (lines.isEmpty() || !point.connected()) {
                lines.add(new StringBuilder());
            }
            lines.get(lines.size() - 1)
                    .append(number(x(point.at())))
                    .append(',')
                    .append(number(y(point.rowsPerSecond())))
                    .append(' ');
        }
        return lines.stream().map(line -> line.toString().strip()).toList();
    }

    private DomContent mark(RecordedEvent event) {
        double x = x(event.at());
        return tag("g").withClass("mark")
                .with(
                        tag("title")
                                .withText(TextTable.at(event.at()) + " " + event.event() + " " + EventTable.by(event)
                                        + (event.reason() == null ? "" : ": " + event.reason())),
                        line("", x, TOP, x, HEIGHT - BOTTOM),
                        tag("circle").attr("cx", number(x)).attr("cy", TOP).attr("r", 4));
    }

    private static DomContent line(String kind, double x1, double y1, double x2, double y2) {
        return tag("line")
                .withClass(kind)
                .attr("x1", number(x1))
                .attr("y1", number(y1))
                .attr("x2", number(x2))
                .attr("y2", number(y2));
    }

    private static DomContent text(double x, double y, String anchor, String text) {
        return tag("text")
                .attr("x", number(x))
                .attr("y", number(y))
                .attr("text-anchor", anchor)
                .withText(text);
    }

    private double x(Instant at) {
        return LEFT + (WIDTH - LEFT) * ((double) Duration.between(from, at).toMillis() / length.toMillis());
    }

    private double y(double rate) {
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * rate / most;
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    private DomContent figures() {
        List<Rates.Point> newest = points.subList(Math.max(0, points.size() - ROWS), points.size());
        return details(
                summary("as a table"),
                table(
                        thead(tr(th("until").attr("scope", "col"), th("rows/s").attr("scope", "col"))),
                        tbody(each(
                                newest,
                                point -> tr(
                                        td(TextTable.at(point.at())),
                                        td(Figures.number(Math.round(point.rowsPerSecond()))))))));
    }
}
