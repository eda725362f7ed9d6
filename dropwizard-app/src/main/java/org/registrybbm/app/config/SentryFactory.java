package org.registrybbm.app.config;

import com.fasterxml.jackson.annotation.JsonProperty;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Pattern;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Holds the {@code sentry} block of a configuration file. Without a DSN, no Sentry client is started by this project. */
public final class SentryFactory {
    // The message does not show the value, because it is a secret.
    @JsonProperty
    @Pattern(
            regexp = "|https?://[^@/\\s]+@[^@/\\s]+/\\S+",
            message = "is not a DSN, which looks like https://<public key>@<host>/<project number>")
    private @Nullable String dsn;

    @JsonProperty
    @NotBlank
    private String environment = "production";

    @JsonProperty
    private @Nullable String release;

    /** Returns where to send events; empty if none are to be sent. */
    public Optional<String> dsn() {
        return Optional.ofNullable(dsn).filter(value -> !value.isBlank());
    }

    /** Returns the name under which Sentry files the events. */
    public String environment() {
        return environment;
    }

    /** Returns the release under which Sentry files the events; empty for that of the jar that runs. */
    public Optional<String> release() {
        return Optional.ofNullable(release).filter(value -> !value.isBlank());
    }
}
