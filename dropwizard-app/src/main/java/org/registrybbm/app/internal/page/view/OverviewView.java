package org.registrybbm.app.internal.page.view;

import static j2html.TagCreator.a;
import static j2html.TagCreator.button;
import static j2html.TagCreator.code;
import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.form;
import static j2html.TagCreator.h1;
import static j2html.TagCreator.h2;
import static j2html.TagCreator.iff;
import static j2html.TagCreator.input;
import static j2html.TagCreator.label;
import static j2html.TagCreator.li;
import static j2html.TagCreator.p;
import static j2html.TagCreator.progress;
import static j2html.TagCreator.section;
import static j2html.TagCreator.span;
import static j2html.TagCreator.ul;

import j2html.tags.DomContent;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.registrybbm.app.internal.access.Operator;
import org.registrybbm.app.internal.snapshot.Snapshots;
import org.registrybbm.app.internal.text.Figures;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.status.Reason.Attention;
import org.registrybbm.migrations.status.Replica;
import org.registrybbm.migrations.status.StatusSnapshot;

/**
 * All migrations: those that need somebody first, then those at work, those that stand still, and those that are done.
 *
 * @param seen the state
 * @param operator who looks
 * @param search a part of a name or table that is looked for; empty for all
 * @param all whether to list those that are done too, and more than 50 of the others
 */
public record OverviewView(Snapshots.Seen seen, Operator operator, String search, boolean all) {
    private static final int MOST_OF_A_GROUP = 50;

    public String render() {
        StatusSnapshot snapshot = seen.snapshot();
        List<MigrationOverview> found = snapshot.migrations().stream()
                .filter(one -> search.isEmpty()
                        || contains(one.migration().name())
                        || contains(one.migration().definition().table()))
                .toList();
        Groups groups = Groups.of(found);
        return Layout.page(
                "Overview",
                operator,
                h1("Batched migrations"),
                searchForm(),
                div(
                                p(fleet(snapshot, groups)).withClass("fleet"),
                                Age.of(seen),
                                each(List.of(Attention.values()), attention -> group(attention, groups.of(attention))))
                        .withId("live")
                        .attr("data-live", "")
                        .attr("data-say", groups.sentence()));
    }

    private boolean contains(String text) {
        return text.toLowerCase(Locale.ROOT).contains(search.toLowerCase(Locale.ROOT));
    }

    private static String fleet(StatusSnapshot snapshot, Groups groups) {
        int jobs = snapshot.replicas().stream().mapToInt(Replica::batchJobs).sum();
        long rate = Math.round(snapshot.migrations().stream()
                .flatMap(one -> one.pace().stream())
                .mapToDouble(pace -> pace.rowsPerSecond())
                .sum());
        int replicas = snapshot.replicas().size();
        return groups.sentence() + " · " + replicas + (replicas == 1 ? " replica" : " replicas") + " · " + jobs
                + (jobs == 1 ? " batch job" : " batch jobs") + " at work"
                + (rate == 0 ? "" : " · " + Figures.number(rate) + " rows/s");
    }

    private DomContent searchForm() {
        return div(
                        form(
                                        label("Search").attr("for", "search"),
                                        input().withType("search")
                                                .withId("search")
                                                .withName("q")
                                                .withValue(search)
                                                .withMaxlength("200"),
                                        button("Search").withType("submit"))
                                .withMethod("get")
                                .withAction(Layout.ROOT)
                                .attr("role", "search"),
                        iff(
                                operator.mayOperate(),
                                div(
                                                a("Pause everything…").withHref(Layout.ROOT + "pause"),
                                                a("Start everything…").withHref(Layout.ROOT + "start"))
                                        .withClass("actions")))
                .withClass("bar");
    }

    private DomContent group(Attention attention, List<MigrationOverview> group) {
        if (group.isEmpty()) {
            return span();
        }
        boolean folded = attention == Attention.DONE && !all && search.isEmpty();
        int most = all ? group.size() : Math.min(MOST_OF_A_GROUP, group.size());
        String id = attention.name().toLowerCase(Locale.ROOT);
        return section(
                        h2(Groups.title(attention) + " (" + group.size() + ")").withId(id),
                        iff(folded, p(a("show them").withHref(Layout.ROOT + "?all=true#done"))),
                        iff(
                                !folded,
                                ul(each(group.subList(0, most), one -> row(attention, one)))
                                        .withClass("migrations")
                                        .attr("aria-labelledby", id)),
                        iff(
                                !folded && most < group.size(),
                                p(a("and " + (group.size() - most) + " more")
                                        .withHref(Layout.ROOT + "?all=true#" + id))))
                .withClass(id);
    }

    private DomContent row(Attention attention, MigrationOverview one) {
        return li(
                span(Groups.sign(attention)).withClass("sign").attr("aria-hidden", "true"),
                a(one.migration().name())
                        .withHref(address(one))
                        .withClass("name")
                        .withId("m" + one.migration().id()),
                span(one.migration().status().word()).withClass("status"),
                span(Figures.percent(one)).withClass("percent"),
                bar(one),
                span(one.pace().map(Figures::rate).orElse("")).withClass("rate"),
                Spark.of(seen.snapshot().samples().getOrDefault(one.migration().id(), List.of())),
                span(one.pace().flatMap(pace -> pace.left()).map(Figures::left).orElse(""))
                        .withClass("left"),
                action(one),
                span(one.explanation()).withClass("why"),
                command(one.reason().command()));
    }

    static DomContent bar(MigrationOverview one) {
        return progress()
                .withMax("100")
                .attr("value", one.progressPercent().orElse(0))
                .attr("aria-label", "progress of " + one.migration().name());
    }

    static DomContent command(Optional<String> command) {
        return command.map(text -> (DomContent) code(text).withClass("command")).orElseGet(() -> span());
    }

    public static String address(MigrationOverview one) {
        return Layout.ROOT + "m/" + one.migration().id();
    }

    private DomContent action(MigrationOverview one) {
        if (!operator.mayOperate()) {
            return span();
        }
        MigrationStatus status = one.migration().status();
        return switch (status) {
            case ACTIVE, RUNNING -> act(one, "Pause…", "pause");
            case PAUSED -> act(one, "Start…", "start");
            case FAILED -> one.quarantinedRows() > 0 ? act(one, "Decide…", "rows") : act(one, "Retry…", "retry");
            case FINISHED -> span();
        };
    }

    private static DomContent act(MigrationOverview one, String text, String action) {
        return a(text).withHref(address(one) + "/" + action)
                .withClass("act")
                .attr(
                        "aria-label",
                        text.replace("…", "") + " " + one.migration().name());
    }
}
