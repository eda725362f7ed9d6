package org.registrybbm.app.internal.page.view;

import static j2html.TagCreator.a;
import static j2html.TagCreator.button;
import static j2html.TagCreator.div;
import static j2html.TagCreator.form;
import static j2html.TagCreator.h1;
import static j2html.TagCreator.iff;
import static j2html.TagCreator.input;
import static j2html.TagCreator.label;
import static j2html.TagCreator.nav;
import static j2html.TagCreator.p;
import static j2html.TagCreator.span;

import j2html.tags.DomContent;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.access.Operator;
import org.registrybbm.app.internal.text.TextTable;
import org.registrybbm.migrations.quarantine.QuarantinedRow;
import org.registrybbm.migrations.status.MigrationOverview;

/**
 * The rows that a migration could not change. Values are never shown.
 *
 * @param one the migration
 * @param operator who looks
 * @param rows all of them
 * @param state the SQLSTATE that is looked for; null for all
 */
public record RowsView(
        MigrationOverview one,
        Operator operator,
        List<QuarantinedRow> rows,
        @Nullable String state) {
    private static final int MOST = 200;
    private static final String NO_STATE = "none";

    public String render() {
        List<QuarantinedRow> shown = rows.stream()
                .filter(row -> state == null || state(row).equals(state))
                .limit(MOST)
                .toList();
        String address = OverviewView.address(one);
        return Layout.page(
                "Rows of " + one.migration().name(),
                operator,
                h1("Rows that could not be changed"),
                p(a(one.migration().name()).withHref(address)),
                filters(address),
                rows.isEmpty() ? p("none") : div(),
                form(
                                Tables.of(
                                        "rows",
                                        List.of(
                                                "Choose",
                                                "Row",
                                                "Table",
                                                "Status",
                                                "SQLSTATE",
                                                "Why",
                                                "Tries",
                                                "Since"),
                                        shown.stream().map(this::row).toList()),
                                iff(
                                        operator.mayOperate() && shown.stream().anyMatch(RowsView::isOpen),
                                        div(
                                                        button("Leave the chosen rows as they are…")
                                                                .withType("submit")
                                                                .withId("waive"),
                                                        a("Try all again…")
                                                                .withHref(address + "/retry")
                                                                .withId("retry"))
                                                .withClass("actions")))
                        .withMethod("get")
                        .withAction(address + "/waive"),
                iff(
                        shown.size() == MOST && rows.size() > MOST,
                        p("Only the first " + MOST
                                + " are shown; the others: registry background-migrate quarantine")));
    }

    private DomContent filters(String address) {
        Map<String, Long> states =
                rows.stream().collect(Collectors.groupingBy(RowsView::state, TreeMap::new, Collectors.counting()));
        return states.size() < 2
                ? span()
                : nav().attr("aria-label", "by SQLSTATE")
                        .with(a("all " + rows.size()).withHref(address + "/rows"))
                        .with(states.entrySet().stream()
                                .map(each -> a(each.getKey() + " × " + each.getValue())
                                        .withHref(address + "/rows?sqlstate=" + each.getKey())
                                        .condAttr(each.getKey().equals(state), "aria-current", "true")));
    }

    private List<DomContent> row(QuarantinedRow row) {
        String id = "row" + row.id();
        return List.<Function<QuarantinedRow, DomContent>>of(
                        each -> isOpen(each) && operator.mayOperate()
                                ? input().withType("checkbox")
                                        .withName("row")
                                        .withValue(Long.toString(each.id()))
                                        .withId(id)
                                : span(),
                        each -> label(each.key()).attr("for", id),
                        each -> span(each.table()),
                        each -> span(each.status().word()
                                + (each.waivedBy() == null
                                        ? ""
                                        : " by " + each.waivedBy() + ": " + each.waivedReason())),
                        each -> span(state(each)),
                        each -> span(each.message()),
                        each -> span(Integer.toString(each.attempts())),
                        each -> span(TextTable.at(each.quarantinedAt())))
                .stream()
                .map(cell -> cell.apply(row))
                .toList();
    }

    private static boolean isOpen(QuarantinedRow row) {
        return row.settledAt() == null;
    }

    private static String state(QuarantinedRow row) {
        return row.sqlState() == null ? NO_STATE : row.sqlState();
    }
}
