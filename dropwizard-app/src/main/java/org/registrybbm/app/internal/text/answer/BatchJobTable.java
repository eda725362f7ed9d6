package org.registrybbm.app.internal.text.answer;

import java.util.List;
import org.registrybbm.app.internal.text.Figures;
import org.registrybbm.app.internal.text.TextTable;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.status.BatchJobOverview;

/** Shows batch jobs to people, as a table. */
public final class BatchJobTable {
    private BatchJobTable() {}

    /** Returns a table with a row for each batch job, in the given order. */
    public static String render(List<BatchJobOverview> jobs) {
        TextTable table =
                new TextTable("Id", "Kind", "Status", "Replica", "Range", "Rows", "Sub-batch", "Attempts", "Trouble");
        for (BatchJobOverview one : jobs) {
            BatchJob job = one.job();
            table.add(
                    Long.toString(job.id()),
                    one.kind(),
                    status(one),
                    TextTable.of(job.leaseOwner()),
                    range(one),
                    Figures.number(job.coveredTupleCount()),
                    TextTable.of(job.subBatchSize()),
                    Integer.toString(job.attempts()),
                    trouble(one));
        }
        return table.toString();
    }

    /** Returns what happens to a batch job, in one or two words. */
    public static String status(BatchJobOverview one) {
        return one.held() ? "at work" : one.job().status().word();
    }

    /** Returns its range, and how many batch jobs were folded into it. */
    public static String range(BatchJobOverview one) {
        return one.job().range()
                + (one.foldedJobs() == 0
                        ? ""
                        : " (of " + Figures.number(one.foldedJobs() + 1) + " batch jobs, folded)");
    }

    /** Returns what stands in its way; a dash if nothing does. */
    public static String trouble(BatchJobOverview one) {
        if (one.blockedBy() != null) {
            return "waits for " + one.blockedBy();
        }
        return one.failure() == null ? TextTable.of(null) : one.failure().message();
    }
}
