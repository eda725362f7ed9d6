package org.registrybbm.app.internal.page.view;

import static j2html.TagCreator.a;
import static j2html.TagCreator.div;
import static j2html.TagCreator.h1;
import static j2html.TagCreator.iff;
import static j2html.TagCreator.p;
import static j2html.TagCreator.span;

import j2html.tags.DomContent;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.access.Operator;
import org.registrybbm.app.internal.snapshot.Snapshots;
import org.registrybbm.migrations.audit.RecordedEvent;
import org.registrybbm.migrations.budget.Budget;
import org.registrybbm.migrations.budget.Budget.Scope;

/** Replicas, budgets and events of the whole fleet. */
public final class FleetViews {
    private FleetViews() {}

    public static String replicas(Snapshots.Seen seen, Operator operator) {
        List<List<DomContent>> rows = seen.snapshot().replicas().stream()
                .map(replica ->
                        List.of(Tables.text(replica.name()), Tables.text(Integer.toString(replica.batchJobs()))))
                .toList();
        return Layout.page(
                "Replicas",
                operator,
                h1("Replicas"),
                div(
                                rows.isEmpty()
                                        ? p(
                                                "None shows itself on this database. Behind a pooler they show themselves only while they work.")
                                        : Tables.of("replicas", List.of("Name", "Batch jobs at work"), rows),
                                Age.of(seen))
                        .withId("live")
                        .attr("data-live", ""));
    }

    public static String budgets(Snapshots.Seen seen, Operator operator) {
        return Layout.page(
                "Budgets",
                operator,
                h1("Budgets"),
                p("How much may run at once on all replicas together."),
                Tables.of(
                        "budgets",
                        List.of("For", "Batch jobs", "Rows per second", "Migrations at once", "Action"),
                        seen.snapshot().budgets().stream()
                                .map(budget -> budget(budget, operator))
                                .toList()),
                Age.of(seen));
    }

    private static List<DomContent> budget(Budget budget, Operator operator) {
        boolean table = budget.subject().scope() == Scope.TABLE;
        String subject = budget.subject().toString();
        return List.of(
                Tables.text(
                        budget.subject().isDefault() && budget.subject().scope() != Scope.FLEET
                                ? "each " + subject
                                : subject),
                Tables.text(budget.batchJobs().toString()),
                Tables.text(table ? "" : budget.rowsPerSecond().toString()),
                Tables.text(table ? budget.migrations().toString() : ""),
                operator.mayOperate()
                        ? a("Change…").withHref(address(budget.subject())).attr("aria-label", "Change " + subject)
                        : span());
    }

    static String address(Budget.Subject subject) {
        return Layout.ROOT + "budget?scope=" + subject.scope().word() + "&subject="
                + URLEncoder.encode(subject.name(), StandardCharsets.UTF_8);
    }

    public static String events(List<RecordedEvent> events, Operator operator, @Nullable String actor, int most) {
        String older = events.size() < most
                ? ""
                : Layout.ROOT + "events?before=" + events.get(events.size() - 1).id()
                        + (actor == null ? "" : "&actor=" + URLEncoder.encode(actor, StandardCharsets.UTF_8));
        return Layout.page(
                "Events",
                operator,
                h1("Events"),
                actor == null
                        ? span()
                        : p("what " + actor + " decided; ").with(a("all").withHref(Layout.ROOT + "events")),
                events.isEmpty() ? p("none") : Tables.events(events, true),
                iff(!older.isEmpty(), p(a("older ones").withHref(older))));
    }
}
