package org.registrybbm.app.internal.access;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ForeignRequestsTest {
    @ParameterizedTest
    @CsvSource({
        ",,127.0.0.1:8081",
        ",,registry:8081",
        ",,",
        "same-origin,http://localhost:8081,localhost:8081",
        "same-origin,,127.0.0.1:8081",
        ",http://10.0.0.7:8081,10.0.0.7:8081",
        ",http://[::1]:8081,[::1]:8081",
        ",https://LOCALHOST:8081,localhost:8081",
    })
    void passes(String site, String origin, String host) {
        assertThat(ForeignRequests.foreign(site, origin, host)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "cross-site,http://evil.example,127.0.0.1:8081",
        "cross-site,,127.0.0.1:8081",
        "same-site,http://localhost:3000,localhost:8081",
        "none,,localhost:8081",
        "'',,localhost:8081",
        ",null,localhost:8081",
        ",http://localhost,localhost:8081",
        ",http://localhost:8081.evil.example,localhost:8081",
        ",http://evil.example,evil.example",
        "same-origin,http://evil.example:8081,evil.example:8081",
        "same-origin,http://localhost.evil.example:8081,localhost.evil.example:8081",
        ",http://localhost:8081,",
    })
    void isRefused(String site, String origin, String host) {
        assertThat(ForeignRequests.foreign(site, origin, host)).isPresent();
    }
}
