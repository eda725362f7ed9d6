package org.registrybbm.app.config;

import com.fasterxml.jackson.annotation.JsonProperty;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Pattern;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The {@code sentry} block of a configuration file. Without a DSN nothing is sent and nothing started. */
public final class SentryFactory {
    // The message does not show the value, which is a secret.
    @JsonProperty
    @Pattern(
            regexp = "|https?://[^@/\\s]+@[^@/\\s]+/\\S+",
            message = "is not one, it looks like https://<public key>@<host>/<project number>")
    private @Nullable String dsn;

    @JsonProperty
    @NotBlank
    private String environment = "production";

    /** Returns where to send events, or empty for nowhere. */
    public Optional<String> dsn() {
        return Optional.ofNullable(dsn).filter(value -> !value.isBlank());
    }

    /** Returns the name under which Sentry files the events. */
    public String environment() {
        return environment;
    }
}
