package org.registrybbm.app.internal.page.view;

import static j2html.TagCreator.a;
import static j2html.TagCreator.dd;
import static j2html.TagCreator.details;
import static j2html.TagCreator.div;
import static j2html.TagCreator.dl;
import static j2html.TagCreator.dt;
import static j2html.TagCreator.each;
import static j2html.TagCreator.h1;
import static j2html.TagCreator.h2;
import static j2html.TagCreator.iff;
import static j2html.TagCreator.nav;
import static j2html.TagCreator.p;
import static j2html.TagCreator.section;
import static j2html.TagCreator.span;
import static j2html.TagCreator.summary;

import j2html.tags.DomContent;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.registrybbm.app.internal.access.Operator;
import org.registrybbm.app.internal.snapshot.Snapshots;
import org.registrybbm.app.internal.text.Figures;
import org.registrybbm.app.internal.text.TextTable;
import org.registrybbm.app.internal.text.answer.VerifiedTable;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.status.MigrationOverview;

/**
 * One migration: what it does, how far and how fast it is, where it has been, and what was decided about it.
 *
 * @param seen the state of all
 * @param one the migration
 * @param operator who looks
 * @param detail what is known of this migration alone
 * @param hours over how many hours the chart goes
 */
public record MigrationView(Snapshots.Seen seen, MigrationOverview one, Operator operator, Detail detail, int hours) {
    private static final List<Integer> HOURS = List.of(1, 24, 720);

    public String render() {
        BatchedMigration migration = one.migration();
        return Layout.page(
                migration.name(),
                operator,
                h1(migration.name()),
                iff(operator.mayOperate(), actions()),
                div(head(), chart(), map(), batchJobs(), events())
                        .withId("live")
                        .attr("data-live", "")
                        .attr("data-say", migration.status().word() + ", " + one.explanation()),
                details(summary("Definition"), facts(definition())));
    }

    private DomContent actions() {
        MigrationStatus status = one.migration().status();
        boolean runnable = status == MigrationStatus.ACTIVE || status == MigrationStatus.RUNNING;
        return nav(
                        iff(runnable, act("Pause…", "pause")),
                        iff(status == MigrationStatus.PAUSED, act("Start…", "start")),
                        iff(
                                status != MigrationStatus.FINISHED
                                        && (status == MigrationStatus.FAILED
                                                || one.failedJobs() + one.quarantinedRows() > 0),
                                act("Retry…", "retry")),
                        iff(status == MigrationStatus.FINISHED, act("Verify…", "verify")),
                        act("Priority…", "priority"),
                        act("Limits…", "budget"))
                .withClass("actions")
                .attr("aria-label", "actions");
    }

    private DomContent act(String text, String action) {
        return a(text).withHref(address() + "/" + action).withId(action);
    }

    private String address() {
        return OverviewView.address(one);
    }

    private DomContent head() {
        return section(
                p(
                                span(Groups.sign(one.reason().code().attention()))
                                        .withClass("sign")
                                        .attr("aria-hidden", "true"),
                                span(one.migration().status().word()).withClass("status"),
                                span(Figures.percent(one)).withClass("percent"),
                                OverviewView.bar(one))
                        .withClass(
                                "head " + one.reason().code().attention().name().toLowerCase(java.util.Locale.ROOT)),
                p(one.explanation()).withClass("why"),
                p(OverviewView.command(one.reason().command())),
                facts(figures()),
                Age.of(seen));
    }

    private Map<String, String> figures() {
        Map<String, String> figures = new LinkedHashMap<>();
        figures.put("reason", one.reason().code().word());
        figures.put("rows", Figures.rows(one));
        figures.put("changed", Figures.number(one.migratedTupleCount()));
        one.pace().ifPresent(pace -> figures.put("speed", Figures.rate(pace) + " over the last 15 min at work"));
        one.pace().flatMap(pace -> pace.left()).ifPresent(left -> figures.put("time", Figures.left(left)));
        figures.put(
                "batch jobs",
                Figures.number(one.finishedJobs()) + " finished, " + Figures.number(one.activeJobs()) + " open, "
                        + Figures.number(one.failedJobs()) + " failed");
        if (one.takeovers() > 0) {
            figures.put("taken over", Figures.number(one.takeovers()));
        }
        if (!one.replicas().isEmpty()) {
            figures.put("on", String.join(", ", one.replicas()));
        }
        detail.verification().ifPresent(last -> figures.put("verification", VerifiedTable.last(last)));
        figures.put("priority", Integer.toString(one.priority()));
        return figures;
    }

    private Map<String, String> definition() {
        BatchedMigration migration = one.migration();
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("id", Long.toString(migration.id()));
        facts.put("table", migration.definition().table());
        facts.put("column", migration.definition().column());
        facts.put("work function", migration.definition().signature());
        facts.put("arguments", Objects.requireNonNullElse(migration.definition().arguments(), "-"));
        facts.put("strategy", Objects.requireNonNullElse(migration.definition().strategy(), "ranges of the key"));
        facts.put("quarantine", "at most " + migration.quarantineLimit() + " rows");
        facts.put("started", TextTable.at(migration.timeline().startedAt()));
        facts.put("finished", TextTable.at(migration.timeline().finishedAt()));
        facts.put("verified", TextTable.at(migration.timeline().verifiedAt()));
        return facts;
    }

    private static DomContent facts(Map<String, String> facts) {
        return dl(each(facts.entrySet(), fact -> div(dt(fact.getKey()), dd(fact.getValue()))));
    }

    private DomContent chart() {
        return section(
                h2("Speed").withId("chart"),
                nav(each(
                                HOURS,
                                each -> a(each == 1 ? "1 hour" : each == 24 ? "1 day" : "30 days")
                                        .withHref(address() + "?hours=" + each + "#chart")
                                        .condAttr(each == hours, "aria-current", "true")))
                        .attr("aria-label", "length of the chart"),
                Chart.of(detail.samples(), detail.events()));
    }

    private DomContent map() {
        return detail.map()
                .map(map -> (DomContent) section(h2("Keys").withId("map"), MapView.of(map)))
                .orElseGet(() -> span());
    }

    private DomContent batchJobs() {
        long rows = one.quarantinedRows();
        return section(
                iff(
                        rows > 0,
                        p(a(Figures.number(rows) + (rows == 1 ? " row waits" : " rows wait") + " for a decision")
                                .withHref(address() + "/rows"))),
                h2("Batch jobs that are not finished").withId("jobs"),
                detail.batchJobs().isEmpty() ? p("none") : Tables.batchJobs(detail.batchJobs()));
    }

    private DomContent events() {
        return section(
                h2("Events").withId("events"),
                detail.events().isEmpty() ? p("none") : Tables.events(detail.events(), false));
    }
}
