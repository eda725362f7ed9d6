package org.registrybbm.app.internal.secrets;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScrubberTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "ERROR: duplicate key\n  Detail: Key (email)=(secret) already exists.",
                "ERROR: duplicate key; Key (email)=(secret) already exists",
                "ERROR: null value\n  Detail: Failing row contains (1, secret, null).\n  Position: 3",
                "ERROR: Failing row contains (1, secret (x), null).",
                "ERROR: invalid input syntax for type bigint: \"secret\"",
                "ERROR: it failed\n  Where: SQL statement \"UPDATE t SET a = 'secret'\"\nPL/pgSQL function f() line 1"
            })
    void takesRowValuesOut(String message) {
        assertThat(Scrubber.scrub(message)).startsWith("ERROR: ").doesNotContain("secret");
    }

    @ParameterizedTest
    @ValueSource(strings = {"there is no table public.nothing", "canceling statement due to lock timeout"})
    void leavesTheRest(String message) {
        assertThat(Scrubber.scrub(message)).isEqualTo(message);
    }
}
