package org.registrybbm.app.internal.page.view;

import static j2html.TagCreator.span;
import static j2html.TagCreator.tag;

import j2html.tags.DomContent;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.registrybbm.app.internal.text.Figures;
import org.registrybbm.migrations.status.Sample;

/** A small picture of how fast a migration was over the last hour of its work. */
final class Spark {
    private static final int POINTS = 30;
    private static final int WIDTH = 90;
    private static final int HEIGHT = 18;

    private Spark() {}

    static DomContent of(List<Sample> samples) {
        List<Rates.Point> points = Rates.of(samples, POINTS);
        if (points.size() < 2) {
            return span().withClass("spark");
        }
        double most =
                points.stream().mapToDouble(Rates.Point::rowsPerSecond).max().orElse(1);
        String line = IntStream.range(0, points.size())
                .mapToObj(i -> String.format(
                        Locale.ROOT,
                        "%.1f,%.1f",
                        (double) i * WIDTH / (points.size() - 1),
                        HEIGHT - 1 - (HEIGHT - 2) * points.get(i).rowsPerSecond() / Math.max(1, most)))
                .collect(Collectors.joining(" "));
        return tag("svg")
                .withClass("spark")
                .attr("viewBox", "0 0 " + WIDTH + " " + HEIGHT)
                .attr("role", "img")
                .attr("aria-label", "up to " + Figures.number(Math.round(most)) + " rows/s over the last hour at work")
                .with(tag("polyline").attr("points", line));
    }
}
