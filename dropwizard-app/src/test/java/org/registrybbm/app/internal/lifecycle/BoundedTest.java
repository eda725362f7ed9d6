package org.registrybbm.app.internal.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class BoundedTest {
    @Test
    @Timeout(5)
    void stopReturnsInTimeWhateverIsStopped() {
        CountDownLatch never = new CountDownLatch(1);
        Bounded.stopping("pool", Duration.ofMillis(50), never::await).stop();
    }

    @Test
    void stopWaitsForWhatIsQuick() {
        boolean[] stopped = new boolean[1];
        Bounded.stopping("pool", Duration.ofSeconds(10), () -> stopped[0] = true)
                .stop();
        assertThat(stopped[0]).isTrue();
    }

    @Test
    void stopThatFailsHarmsNoOther() {
        Bounded.stopping("pool", Duration.ofSeconds(10), () -> {
                    throw new IllegalStateException("cannot");
                })
                .stop();
    }
}
