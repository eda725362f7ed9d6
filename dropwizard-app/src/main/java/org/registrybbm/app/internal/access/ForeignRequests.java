package org.registrybbm.app.internal.access;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Refuses changes that a browser asks for on behalf of another site. A page that somebody opens by chance could otherwise send a form to the
 * admin port of a pod that the same person has forwarded to their machine.
 *
 * <p>Programs such as curl send neither {@code Origin} nor {@code Sec-Fetch-Site}, and pass. A browser passes only if both say that the
 * request comes from this server's own pages, and if the server is addressed by its number or as localhost: a site could let its own name
 * lead here.
 */
public final class ForeignRequests extends HttpFilter {
    private static final long serialVersionUID = 1L;
    private static final Set<String> READING = Set.of("GET", "HEAD", "OPTIONS");
    private static final String REFUSED =
            "refused, and nothing was changed: %s; send the request with curl or another program%n";

    @Override
    protected void doFilter(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        Optional<String> foreign = READING.contains(request.getMethod())
                ? Optional.empty()
                : foreign(request.getHeader("Sec-Fetch-Site"), request.getHeader("Origin"), request.getHeader("Host"));
        if (foreign.isEmpty()) {
            chain.doFilter(request, response);
            return;
        }
        response.setStatus(HttpServletResponse.SC_FORBIDDEN);
        response.setContentType("text/plain;charset=utf-8");
        response.getWriter().printf(REFUSED, foreign.get());
    }

    /** Says why a request is foreign; empty if it is not. The headers are null if they were not sent. */
    static Optional<String> foreign(@Nullable String site, @Nullable String origin, @Nullable String host) {
        if (site == null && origin == null) {
            return Optional.empty();
        }
        if (site != null && !site.equals("same-origin")) {
            return Optional.of("a browser asks for it on behalf of another site");
        }
        String own = host == null ? "" : SameOrigin.withoutUsualPort(host.toLowerCase(Locale.ROOT));
        if (origin != null && !own.equals(SameOrigin.authority(origin))) {
            return Optional.of("a browser asks for it on behalf of another origin than this server");
        }
        return isNumberOrLocalhost(own)
                ? Optional.empty()
                : Optional.of("a browser asks for it under a name of this server that any site could claim");
    }

    private static boolean isNumberOrLocalhost(String host) {
        return host.matches("(localhost|[0-9.]+|\\[[0-9a-f:.]+])(:[0-9]+)?");
    }
}
