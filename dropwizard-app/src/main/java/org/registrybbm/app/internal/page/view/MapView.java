package org.registrybbm.app.internal.page.view;

import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.li;
import static j2html.TagCreator.p;
import static j2html.TagCreator.span;
import static j2html.TagCreator.tag;
import static j2html.TagCreator.ul;

import j2html.tags.ContainerTag;
import j2html.tags.DomContent;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.registrybbm.app.internal.text.Figures;
import org.registrybbm.migrations.status.KeyMap;
import org.registrybbm.migrations.status.KeyMap.Cell;

/** Where in the range of its key a migration has been. */
public final class MapView {
    /** How many cells are drawn. */
    public static final int CELLS = 200;

    private static final int HEIGHT = 24;

    private MapView() {}

    static DomContent of(KeyMap map) {
        List<Cell> cells = map.cells();
        Map<Cell, Integer> counts = new EnumMap<>(Cell.class);
        cells.forEach(cell -> counts.merge(cell, 1, Integer::sum));
        ContainerTag<?> svg = tag("svg")
                .withClass("map")
                .attr("viewBox", "0 0 " + cells.size() + " " + HEIGHT)
                .attr("preserveAspectRatio", "none")
                .attr("role", "img")
                .attr("aria-label", "the keys from " + map.first() + " to " + map.last());
        for (int from = 0; from < cells.size(); ) {
            int to = from;
            while (to < cells.size() && cells.get(to) == cells.get(from)) {
                to++;
            }
            svg.with(tag("rect")
                    .withClass(cells.get(from).word())
                    .attr("x", from)
                    .attr("y", 0)
                    .attr("width", to - from)
                    .attr("height", HEIGHT));
            from = to;
        }
        return div(
                svg,
                p(span("from " + Figures.number(map.first())), span("to about " + Figures.number(map.last())))
                        .withClass("ends"),
                ul(each(
                                List.of(Cell.values()),
                                cell -> li(
                                        span().withClass("key " + cell.word()),
                                        span(name(cell) + " " + part(counts.getOrDefault(cell, 0), cells.size())))))
                        .withClass("legend"));
    }

    private static String part(int count, int all) {
        return Math.round(100.0 * count / all) + "%";
    }

    private static String name(Cell cell) {
        return switch (cell) {
            case FAILED -> "failed";
            case AT_WORK -> "at work";
            case OPEN -> "begun or cut";
            case DONE -> "done";
            case TO_DO -> "not yet";
        };
    }
}
