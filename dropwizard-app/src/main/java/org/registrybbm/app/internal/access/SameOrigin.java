package org.registrybbm.app.internal.access;

import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Tells whether a browser asks on behalf of this server's own page. */
public final class SameOrigin {
    private SameOrigin() {}

    /**
     * Says why a request that changes something does not come from this server's own page; empty if it does. A browser always sends one of
     * the first two headers with a form. The headers are null if they were not sent.
     */
    public static Optional<String> foreign(@Nullable String site, @Nullable String origin, @Nullable String host) {
        if (site != null) {
            return site.equals("same-origin")
                    ? Optional.empty()
                    : Optional.of("A browser asks for it on behalf of another site");
        }
        if (origin == null) {
            return Optional.of(
                    "The request says neither Sec-Fetch-Site nor Origin, as a browser would; programs use the API");
        }
        return host != null && authority(origin).equals(withoutUsualPort(host.toLowerCase(Locale.ROOT)))
                ? Optional.empty()
                : Optional.of("A browser asks for it on behalf of another origin than this server");
    }

    static String authority(String origin) {
        return withoutUsualPort(origin.toLowerCase(Locale.ROOT).replaceFirst("^https?://", ""));
    }

    /** Browsers leave it out. */
    static String withoutUsualPort(String host) {
        return host.replaceFirst(":(80|443)$", "");
    }
}
