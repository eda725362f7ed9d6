package org.registrybbm.app.internal.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.registrybbm.app.Samples;
import org.registrybbm.app.internal.text.Lines;
import org.registrybbm.app.internal.text.answer.MigrationText;
import org.registrybbm.migrations.audit.RecordedEvent;
import org.registrybbm.migrations.status.KeyMap;
import org.registrybbm.migrations.status.KeyMap.Cell;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.status.Reason;

/** What {@code why} and {@code show} print. */
class LookTest {
    private static final Instant AT = Instant.parse("2027-01-31T02:10:00Z");
    private static final MigrationOverview ONE = new MigrationOverview(
            Samples.migration(7, "copy"),
            0,
            OptionalDouble.of(41.2),
            OptionalLong.of(1_000),
            412,
            400,
            3,
            0,
            1,
            2,
            0,
            List.of(),
            Optional.empty(),
            new Reason(
                    Reason.Code.PAUSED,
                    "paused by ana@pod-7 (cli) at 2027-01-31T02:10:00Z: replica lag, which INC-812 tells more of",
                    Optional.of("registry background-migrate start --migration copy")));
    private static final List<RecordedEvent> EVENTS = List.of(
            new RecordedEvent(2, "copy", AT, "paused", null, null, null, null, "replica lag", "ana@pod-7", "cli"),
            new RecordedEvent(1, "copy", AT, "batch_size", 10_000L, 100_000L, null, null, null, null, null));

    @Test
    void whySaysItInLinesThatFit() {
        assertThat(MigrationText.why(ONE, EVENTS, 60)).isEqualTo("""
                copy: running, standing (paused)
                  paused by ana@pod-7 (cli) at 2027-01-31T02:10:00Z: replica
                  lag, which INC-812 tells more of
                  > registry background-migrate start --migration copy

                Newest events
                  2027-01-31T02:10:00Z paused by ana@pod-7 (cli): replica
                  lag
                  2027-01-31T02:10:00Z batch_size 10,000 -> 100,000
                """);
    }

    @Test
    void showDrawsTheKeys() {
        KeyMap map = new KeyMap(
                1, 100, List.of(Cell.DONE, Cell.DONE, Cell.AT_WORK, Cell.OPEN, Cell.FAILED, Cell.TO_DO, Cell.TO_DO));

        assertThat(MigrationText.show(ONE, Optional.of(map), List.of(), List.of(), 80))
                .contains(
                        "  progress   41.2% (412 of ~1,000 rows)\n",
                        "  quarantine 2 rows\n",
                        "  keys       [##>-!..]\n",
                        "             1 to about 100; # done, > at work, - begun, ! failed\n");
    }

    /** As {@code --watch} does on a terminal that is not high enough. */
    @Test
    void aTextThatIsTooLongEndsWithHowMuchMoreThereIs() {
        assertThat(Lines.first("a\nb\nc\n", 3)).containsExactly("a", "b", "c");
        assertThat(Lines.first("a\nb\nc\nd\n", 3)).containsExactly("a", "b", "and 2 more lines");
    }
}
