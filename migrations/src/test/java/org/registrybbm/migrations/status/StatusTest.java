package org.registrybbm.migrations.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.registrybbm.migrations.model.JobStatus;
import org.registrybbm.migrations.model.MigrationStatus;

class StatusTest {
    @Test
    void keepTheNumbersOfTheContract() {
        assertThat(MigrationStatus.values())
                .extracting(status -> status.code() + " " + status.word())
                .containsExactly("0 paused", "1 active", "2 finished", "3 failed", "4 running");
        assertThat(JobStatus.values())
                .extracting(status -> status.code() + " " + status.word())
                .containsExactly("1 active", "2 finished", "3 failed");
    }

    @Test
    void areFoundByTheirNumberOnly() {
        for (MigrationStatus status : MigrationStatus.values()) {
            assertThat(MigrationStatus.of(status.code())).isEqualTo(status);
        }
        for (JobStatus status : JobStatus.values()) {
            assertThat(JobStatus.of(status.code())).isEqualTo(status);
        }
        assertThatThrownBy(() -> MigrationStatus.of(5)).hasMessageContaining("known are 0 to 4");
        assertThatThrownBy(() -> JobStatus.of(0)).hasMessageContaining("known are 1 to 3");
    }

    @Test
    void areMovedByTheEngineInFewWays() {
        List<String> moves = new ArrayList<>();
        for (MigrationStatus from : MigrationStatus.values()) {
            for (MigrationStatus to : MigrationStatus.values()) {
                if (from.engineMayMoveTo(to)) {
                    moves.add(from.word() + " to " + to.word());
                }
            }
        }

        assertThat(moves)
                .containsExactlyInAnyOrder(
                        "active to running",
                        "active to finished",
                        "active to failed",
                        "running to finished",
                        "running to failed",
                        "failed to active",
                        "finished to active");
    }
}
