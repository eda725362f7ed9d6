package org.registrybbm.migrations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.settings.EngineSettings.Targets;
import org.registrybbm.migrations.settings.EngineSettings.Timeouts;

class EngineSettingsTest {
    private static final Timeouts DEFAULTS = Timeouts.defaults();

    @ParameterizedTest
    @CsvSource({"1, true", "100, true", "0, false", "101, false", "-1, false"})
    void boundsTheAttempts(int attempts, boolean allowed) {
        check(
                allowed,
                "maxJobAttempts",
                attempts,
                () -> EngineSettings.builder().maxJobAttempts(attempts).build());
    }

    @ParameterizedTest
    @CsvSource({"PT0S, true", "PT1S, true", "PT1H, true", "PT0.5S, false", "PT61M, false", "PT-1S, false"})
    void boundsTheBatchTarget(Duration target, boolean allowed) {
        check(allowed, "targets.batch", target, () -> new Targets(target, Duration.ofMillis(500)));
    }

    @ParameterizedTest
    @CsvSource({"PT0.01S, true", "PT30S, true", "PT0S, false", "PT31S, false"})
    void boundsTheSubBatchTarget(Duration target, boolean allowed) {
        check(allowed, "targets.subBatch", target, () -> new Targets(Duration.ZERO, target));
    }

    @ParameterizedTest
    @CsvSource({
        "statement, PT0.1S, PT1H, PT0.099S, PT1H0.001S",
        "lock, PT0.01S, PT1M, PT0S, PT61S",
        "idleInTransaction, PT0.1S, PT1M, PT0S, PT61S",
        "lease, PT1S, PT10M, PT0.9S, PT11M",
        "retryDelay, PT0S, PT10M, PT-1S, PT11M",
        "missingCode, PT0S, P1D, PT-1S, P1DT1S"
    })
    void boundsTheTimeouts(String name, Duration least, Duration most, Duration less, Duration more) {
        String path = "timeouts." + name;
        check(true, path, least, () -> timeout(name, least));
        check(true, path, most, () -> timeout(name, most));
        check(false, path, less, () -> timeout(name, less));
        check(false, path, more, () -> timeout(name, more));
    }

    @Test
    void changesOneThingAtATime() {
        EngineSettings changed = EngineSettings.builder()
                .maxJobAttempts(9)
                .batchTarget(Duration.ZERO)
                .lease(Duration.ofSeconds(3))
                .build();

        assertThat(changed.maxJobAttempts()).isEqualTo(9);
        assertThat(changed.targets().batch()).isZero();
        assertThat(changed.timeouts().lease()).hasSeconds(3);
        assertThat(changed.timeouts().statement()).isEqualTo(DEFAULTS.statement());
    }

    private static Timeouts timeout(String name, Duration value) {
        return new Timeouts(
                name.equals("statement") ? value : DEFAULTS.statement(),
                name.equals("lock") ? value : DEFAULTS.lock(),
                name.equals("idleInTransaction") ? value : DEFAULTS.idleInTransaction(),
                name.equals("lease") ? value : DEFAULTS.lease(),
                name.equals("retryDelay") ? value : DEFAULTS.retryDelay(),
                name.equals("missingCode") ? value : DEFAULTS.missingCode());
    }

    private static void check(boolean allowed, String path, Object value, Runnable make) {
        if (allowed) {
            assertThatCode(make::run).doesNotThrowAnyException();
        } else {
            assertThatThrownBy(make::run)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageMatching(java.util.regex.Pattern.quote(path + " is " + value) + ", allowed is .* to .*");
        }
    }
}
