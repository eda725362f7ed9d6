package org.registrybbm.app.internal.page.view;

import static j2html.TagCreator.p;

import j2html.tags.DomContent;
import org.registrybbm.app.internal.snapshot.Snapshots;
import org.registrybbm.app.internal.text.TextTable;

/** Says how old what is shown is. */
final class Age {
    private Age() {}

    static DomContent of(Snapshots.Seen seen) {
        String at = "as of " + TextTable.at(seen.snapshot().takenAt());
        return seen.answered()
                ? p(at).withClass("age")
                : p(TextTable.length(seen.age()) + " old: the database does not answer; " + at)
                        .withClass("age old")
                        .attr("role", "status");
    }
}
