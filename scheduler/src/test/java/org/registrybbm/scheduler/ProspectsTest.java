package org.registrybbm.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class ProspectsTest {
    private final Prospects prospects = new Prospects();

    @Test
    void whatWasSeenIsNoNewsUntilItChanges() {
        assertThat(prospects.isNews(1)).isTrue();
        assertThat(prospects.isNews(1)).isFalse();
        assertThat(prospects.isNews(2)).isTrue();
        assertThat(prospects.isNews(1)).isTrue();
    }

    @Test
    void whereATurnFoundNothingIsNoNewsWhateverWasSeenBetween() {
        prospects.isNews(1);
        prospects.foundNothing(() -> 1);

        assertThat(prospects.isNews(2)).isTrue();
        assertThat(prospects.isNews(1)).isFalse();
        assertThat(prospects.isNews(2)).isTrue();
    }

    /** The batch job that was due at the look was taken by the turn's time, say: nobody knows what a turn finds when one is due again. */
    @Test
    void aTurnDuringWhichTheTablesChangedTellsNothing() {
        prospects.isNews(1);
        prospects.foundNothing(() -> 2);

        assertThat(prospects.isNews(2)).isTrue();
        assertThat(prospects.isNews(1)).isTrue();
    }

    @Test
    void aTurnThatNoLookLedToTellsNothing() {
        prospects.foundNothing(() -> 1);

        assertThat(prospects.isNews(1)).isTrue();
    }

    @Test
    void whatATurnLeftOpenIsNewsAndTheRestIsKnown() {
        prospects.isNews(1);
        prospects.foundNothing(() -> 1);
        prospects.isNews(2);
        prospects.foundNothing(() -> 2);

        prospects.leftOpen();

        assertThat(prospects.isNews(2)).isTrue();
        assertThat(prospects.isNews(1)).isFalse();
    }

    @Test
    void everythingIsNewsOnceItIsForgotten() {
        prospects.isNews(1);
        prospects.foundNothing(() -> 1);

        prospects.forget();

        assertThat(prospects.isNews(1)).isTrue();
    }

    @Test
    void theOldestIsForgottenWhenThereAreTooMany() {
        LongStream.rangeClosed(0, 100).forEach(outlook -> {
            prospects.isNews(outlook);
            prospects.foundNothing(() -> outlook);
        });

        assertThat(prospects.isNews(1)).isFalse();
        assertThat(prospects.isNews(0)).isTrue();
    }
}
