package org.registrybbm.app.internal.text.answer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.JobStatus;
import org.registrybbm.migrations.status.BatchJobOverview;

class BatchJobTableTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            0     | 1 to 500
            1     | 1 to 500 (of 2 batch jobs, folded)
            12344 | 1 to 500 (of 12,345 batch jobs, folded)
            """)
    void saysHowManyBatchJobsWereFolded(long folded, String range) {
        BatchJob job = new BatchJob(
                7, 1, 3L, BatchJob.Range.between(1, 500), JobStatus.FINISHED, 1, null, null, 500, 400, "one", 0);
        BatchJobOverview overview =
                new BatchJobOverview(job, folded, "change", "public.t", false, null, null, null, 0, null, null);

        assertThat(BatchJobTable.range(overview)).isEqualTo(range);
        assertThat(BatchJobTable.render(List.of(overview))).contains("| " + range);
    }
}
