package org.registrybbm.app.internal.page.view;

import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.table;
import static j2html.TagCreator.tbody;
import static j2html.TagCreator.td;
import static j2html.TagCreator.th;
import static j2html.TagCreator.thead;
import static j2html.TagCreator.tr;

import j2html.tags.DomContent;
import java.util.List;
import org.registrybbm.app.internal.text.Figures;
import org.registrybbm.app.internal.text.TextTable;
import org.registrybbm.app.internal.text.answer.BatchJobTable;
import org.registrybbm.app.internal.text.answer.EventTable;
import org.registrybbm.migrations.audit.RecordedEvent;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.status.BatchJobOverview;

/** Tables that several views have. A wide one can be moved within its frame. */
final class Tables {
    private Tables() {}

    static DomContent of(String label, List<String> headings, List<List<DomContent>> rows) {
        return div(table(
                        thead(tr(each(headings, heading -> th(heading).attr("scope", "col")))),
                        tbody(each(rows, row -> tr(each(row, cell -> td(cell)))))))
                .withClass("scroll")
                .attr("role", "region")
                .attr("aria-label", label)
                .attr("tabindex", "0");
    }

    static DomContent text(String text) {
        return j2html.TagCreator.text(text);
    }

    static DomContent events(List<RecordedEvent> events, boolean withMigration) {
        List<String> headings = withMigration
                ? List.of("When", "Migration", "Event", "By", "Why")
                : List.of("When", "Event", "By", "Why");
        return of(
                "events",
                headings,
                events.stream().map(event -> event(event, withMigration)).toList());
    }

    private static List<DomContent> event(RecordedEvent event, boolean withMigration) {
        DomContent when = text(TextTable.at(event.at()));
        DomContent what = text(event.event() + numbers(event));
        DomContent by = text(EventTable.by(event));
        DomContent why = text(event.reason() == null ? "" : event.reason());
        String migration = event.migration() == null ? "" : event.migration();
        return withMigration ? List.of(when, text(migration), what, by, why) : List.of(when, what, by, why);
    }

    private static String numbers(RecordedEvent event) {
        if (event.newValue() == null) {
            return "";
        }
        return event.oldValue() == null
                ? " " + Figures.number(event.newValue())
                : " " + Figures.number(event.oldValue()) + " → " + Figures.number(event.newValue());
    }

    static DomContent batchJobs(List<BatchJobOverview> jobs) {
        return of(
                "batch jobs",
                List.of("Id", "Kind", "Status", "Replica", "Range", "Rows", "Sub-batch", "Attempts", "Trouble"),
                jobs.stream().map(Tables::batchJob).toList());
    }

    private static List<DomContent> batchJob(BatchJobOverview one) {
        BatchJob job = one.job();
        String trouble = one.blockedBy() != null
                ? "waits for " + one.blockedBy()
                : one.failure() == null ? "" : one.failure().message();
        return List.of(
                text(Long.toString(job.id())),
                text(one.kind()),
                text(one.held() ? "at work" : job.status().word()),
                text(job.leaseOwner() == null ? "" : job.leaseOwner()),
                text(BatchJobTable.range(one)),
                text(Figures.number(job.coveredTupleCount())),
                text(job.subBatchSize() == null ? "" : Figures.number(job.subBatchSize())),
                text(Integer.toString(job.attempts())),
                text(trouble));
    }
}
