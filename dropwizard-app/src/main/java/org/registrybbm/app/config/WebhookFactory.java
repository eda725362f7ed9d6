package org.registrybbm.app.config;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.dropwizard.validation.OneOf;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.access.WallClock;
import org.registrybbm.app.internal.config.Allowed;
import org.registrybbm.app.internal.config.WebhookUrl;
import org.registrybbm.app.internal.webhook.Body;
import org.registrybbm.app.internal.webhook.Endpoint;
import org.registrybbm.migrations.outbox.MessageEvent;

/** Holds the {@code webhook} block: who is told over HTTP when a batched migration fails, stands still or is finished. */
public final class WebhookFactory {
    // Of a wrong URL or secret, nothing is shown.
    @JsonProperty
    @WebhookUrl
    private @Nullable String url;

    // 24 to 64 bytes.
    @JsonProperty
    @Pattern(
            regexp = "(whsec_(?=[A-Za-z0-9+/=]{32,88}$)([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)?",
            message = "is not a secret of Standard Webhooks, which is whsec_ and 24 to 64 bytes in Base64;"
                    + " make one with: echo whsec_$(openssl rand -base64 32)")
    private @Nullable String secret;

    @JsonProperty
    @NotNull
    @OneOf(
            value = {"json", "slack"},
            message = Allowed.WEBHOOK_FORMAT)
    private String format = "json";

    @JsonProperty
    @NotNull
    private List<
                    @NotNull
                    @Pattern(regexp = "failed|stalled|quarantined|finished|progress", message = Allowed.WEBHOOK_EVENT)
                    String>
            events = List.of("failed", "stalled", "quarantined", "finished", "progress");

    /** Returns who receives messages; empty if nobody does. */
    public Optional<Endpoint> endpoint() {
        return Optional.ofNullable(url)
                .filter(given -> !given.isBlank())
                .map(given -> new Endpoint(
                        given, signedWith(), Body.valueOf(format.toUpperCase(Locale.ROOT)), WallClock.MACHINE));
    }

    private @Nullable String signedWith() {
        return secret == null || secret.isBlank() ? null : secret;
    }

    /** Returns what the receiver is told. */
    public Set<MessageEvent> events() {
        return Stream.of(MessageEvent.values())
                .filter(event -> events.contains(event.word()))
                .collect(Collectors.toUnmodifiableSet());
    }
}
