package org.registrybbm.migrations.internal.running;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.internal.running.SubBatchTransaction.Step;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchSizing;
import org.registrybbm.migrations.model.JobStatus;

class SubBatchSizeTest {
    private static final Failure FAILED = Failure.of(FailureCode.UNKNOWN, "refused");

    private static SubBatchSize size(int rows, boolean takeover) {
        return new SubBatchSize(
                job(rows, takeover ? 2 : 0), takeover, Duration.ofMillis(500), new BatchSizing.Bounds(null, null));
    }

    private static BatchJob job(int rows, int takeovers) {
        BatchJob.Range range = BatchJob.Range.between(1, 1_000_000);
        return new BatchJob(1, 1, null, range, JobStatus.ACTIVE, 1, null, rows, 0, 0, null, takeovers);
    }

    /** Commits a sub-batch in half of its target time. */
    private static void commit(SubBatchSize size, int quarantined, Step.End end) {
        int covered = end == Step.End.CUT_SHORT ? 0 : size.rows();
        Step.Committed step = new Step.Committed(
                job(size.rows(), 0), covered, covered - quarantined, Collections.nCopies(quarantined, FAILED), end);
        size.committed(step, Duration.ofMillis(250), false);
    }

    private static void commit(SubBatchSize size, int quarantined) {
        commit(size, quarantined, Step.End.OPEN);
    }

    @Test
    void searchesForARowByHalvesAndNeverTriesAgainWhatIsKnownToFail() {
        SubBatchSize size = size(8_000, false);

        assertThat(size.search()).isTrue();
        assertThat(size.rows()).isEqualTo(4_000);
        commit(size, 0);
        // It is among the other 4,000.
        assertThat(size.rows()).isEqualTo(2_000);
        assertThat(size.isSearching()).isTrue();
        assertThat(size.search()).isTrue();
        assertThat(size.rows()).isEqualTo(1_000);
        assertThat(size.isolates()).isFalse();
        commit(size, 0);
        assertThat(size.rows()).isEqualTo(1_000);
        assertThat(size.isolates()).isTrue();
        assertThat(size.search()).isFalse();
        commit(size, 1);
        assertThat(size.isSearching()).isFalse();
        commit(size, 0);
        assertThat(size.isolates()).isFalse();
        assertThat(size.rows()).isEqualTo(2_000);
    }

    @Test
    void staysWithFewRowsWhileThoseGoOnFailingAndGrowsWhenNoneDoes() {
        SubBatchSize size = size(1_000, false);
        size.search();
        assertThat(List.of(size.rows(), size.isolates())).containsExactly(1_000, true);

        commit(size, 15, Step.End.CUT_SHORT);
        commit(size, 15, Step.End.CUT_SHORT);
        for (int i = 0; i < 20; i++) {
            assertThat(List.of(size.rows(), size.isolates())).containsExactly(15, true);
            commit(size, 15);
        }
        commit(size, 0);
        assertThat(List.of(size.rows(), size.isolates())).containsExactly(30, false);
        commit(size, 0);
        assertThat(List.of(size.rows(), size.isolates())).containsExactly(60, false);
    }

    @Test
    void growsSlowlyAfterWhatMayPass() {
        SubBatchSize size = size(1_000, false);

        assertThat(size.shrink()).isTrue();
        assertThat(size.rows()).isEqualTo(500);
        commit(size, 0);
        commit(size, 0);
        assertThat(size.rows()).isEqualTo(563);
        assertThat(size(1, false).shrink()).isFalse();
    }

    @Test
    void doesNotGrowForAWhileAfterItsWorkersWereLost() {
        SubBatchSize size = size(100, true);

        for (int i = 0; i < 32; i++) {
            commit(size, 0);
            assertThat(size.rows()).isEqualTo(100);
        }
        commit(size, 0);
        commit(size, 0);
        assertThat(size.rows()).isGreaterThan(100);
    }
}
