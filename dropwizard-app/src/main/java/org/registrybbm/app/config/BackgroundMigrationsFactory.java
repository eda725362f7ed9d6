package org.registrybbm.app.config;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.dropwizard.util.Duration;
import io.dropwizard.validation.OneOf;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import java.util.List;
import java.util.Locale;
import org.hibernate.validator.constraints.Range;
import org.registrybbm.app.internal.config.Allowed;
import org.registrybbm.app.internal.config.DurationRange;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.settings.RegistryLock;

/** Holds the {@code backgroundMigrations} block of a configuration file. */
public final class BackgroundMigrationsFactory {
    /** The most batch jobs that one replica may run at once. */
    public static final int MOST_WORKERS = 32;

    @JsonProperty
    private boolean enabled = true;

    @JsonProperty
    @Range(min = 1, max = MOST_WORKERS, message = Allowed.RANGE)
    private int workers = 2;

    @JsonProperty
    @Range(min = 1, max = 100, message = Allowed.RANGE)
    private int maxJobAttempts = 5;

    @JsonProperty
    @NotNull
    @DurationRange(min = "100ms", max = "1m")
    private Duration jobInterval = Duration.seconds(1);

    @JsonProperty
    @NotNull
    @DurationRange(min = "1s", max = "1h", orZero = true)
    private Duration batchTarget = Duration.seconds(30);

    @JsonProperty
    @NotNull
    @DurationRange(min = "10ms", max = "30s")
    private Duration subBatchTarget = Duration.milliseconds(500);

    @JsonProperty
    @NotNull
    @DurationRange(min = "1s", max = "3650d", orZero = true)
    private Duration retention = Duration.days(30);

    // YAML reads on and off as the values true and false.
    @JsonProperty
    @NotNull
    @OneOf(
            value = {"auto", "on", "off", "true", "false"},
            ignoreCase = true,
            message = Allowed.REGISTRY_LOCK)
    private String registryLock = "auto";

    @JsonProperty
    @NotNull
    private List<String> requiredMigrations = List.of();

    @JsonProperty
    @NotNull
    @Valid
    private Timeouts timeouts = new Timeouts();

    @JsonProperty
    @NotNull
    @Valid
    private OperatorsFactory operators = new OperatorsFactory();

    @JsonProperty
    @NotNull
    @Valid
    private WebhookFactory webhook = new WebhookFactory();

    /** Returns whether this replica runs batch jobs. Commands and tasks work even if it does not. */
    public boolean enabled() {
        return enabled;
    }

    /** Returns how many batch jobs this replica runs at once, 1 to 32. */
    public int workers() {
        return workers;
    }

    /** Returns how often this replica looks for work, 100 ms to 1 min. */
    public java.time.Duration jobInterval() {
        return jobInterval.toJavaDuration();
    }

    /** Returns who may look and change things over HTTP. */
    public OperatorsFactory operators() {
        return operators;
    }

    /** Returns who is told when a batched migration fails, stands still or is finished. */
    public WebhookFactory webhook() {
        return webhook;
    }

    /** Returns how long one statement of a sub-batch may take, 100 ms to 1 h. */
    public java.time.Duration statementTimeout() {
        return timeouts.statement.toJavaDuration();
    }

    /** Returns whether the container registry's own software is kept out while this replica lives. */
    public RegistryLock registryLock() {
        return switch (registryLock.toLowerCase(Locale.ROOT)) {
            case "on", "true" -> RegistryLock.ON;
            case "off", "false" -> RegistryLock.OFF;
            default -> RegistryLock.AUTO;
        };
    }

    /** Returns the names of the migrations that must be finished before this replica is ready. */
    public List<String> requiredMigrations() {
        return List.copyOf(requiredMigrations);
    }

    /** Returns the engine's settings that this block configures. */
    public EngineSettings engineSettings() {
        return EngineSettings.builder()
                .maxJobAttempts(maxJobAttempts)
                .batchTarget(batchTarget.toJavaDuration())
                .subBatchTarget(subBatchTarget.toJavaDuration())
                .retention(retention.toJavaDuration())
                .statementTimeout(timeouts.statement.toJavaDuration())
                .lockTimeout(timeouts.lock.toJavaDuration())
                .idleInTransactionTimeout(timeouts.idleInTransaction.toJavaDuration())
                .lease(timeouts.lease.toJavaDuration())
                .retryDelay(timeouts.retryDelay.toJavaDuration())
                .missingCode(timeouts.missingCode.toJavaDuration())
                .build();
    }

    /** Holds the {@code timeouts} block: time limits of statements and leases, and the times that the engine waits. */
    static final class Timeouts {
        @JsonProperty
        @NotNull
        @DurationRange(min = "100ms", max = "1h")
        private Duration statement = Duration.seconds(30);

        @JsonProperty
        @NotNull
        @DurationRange(min = "10ms", max = "1m")
        private Duration lock = Duration.milliseconds(300);

        @JsonProperty
        @NotNull
        @DurationRange(min = "100ms", max = "1m")
        private Duration idleInTransaction = Duration.seconds(10);

        @JsonProperty
        @NotNull
        @DurationRange(min = "1s", max = "10m")
        private Duration lease = Duration.seconds(10);

        @JsonProperty
        @NotNull
        @DurationRange(min = "0s", max = "10m")
        private Duration retryDelay = Duration.seconds(5);

        @JsonProperty
        @NotNull
        @DurationRange(min = "0s", max = "1d")
        private Duration missingCode = Duration.minutes(1);
    }
}
