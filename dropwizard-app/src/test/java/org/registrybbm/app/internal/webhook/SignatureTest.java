package org.registrybbm.app.internal.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SignatureTest {
    /** The test vector of the libraries of Standard Webhooks. */
    @Test
    void isThatOfStandardWebhooks() {
        assertThat(new Signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
                        .of("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}"))
                .isEqualTo("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    @Test
    void triesAreFurtherApartEachTime() {
        List<Duration> shortest = IntStream.rangeClosed(1, 20)
                .mapToObj(new Backoff(() -> 0)::after)
                .toList();
        assertThat(shortest).startsWith(Duration.ofSeconds(4), Duration.ofSeconds(8), Duration.ofSeconds(16));
        assertThat(shortest).endsWith(Duration.ofMinutes(48), Duration.ofMinutes(48));
        assertThat(new Backoff(() -> 1).after(1)).isEqualTo(Duration.ofSeconds(6));
        assertThat(new Backoff(() -> 1).after(20)).isEqualTo(Duration.ofMinutes(72));
        assertThat(shortest.stream().reduce(Duration.ZERO, Duration::plus)).isLessThan(Duration.ofHours(24));
    }
}
