package org.registrybbm.app.internal.api;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.PreMatching;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.util.Locale;
import java.util.Set;
import org.registrybbm.app.internal.access.FailedLogins;
import org.registrybbm.app.internal.access.Operator;
import org.registrybbm.app.internal.access.Tokens;
import org.registrybbm.app.internal.access.WallClock;

/** Lets only those in who show a token, and lets only operators change anything. */
@PreMatching
final class BearerFilter implements ContainerRequestFilter {
    static final String OPERATOR = "org.registrybbm.operator";

    private static final String SCHEME = "bearer ";
    private static final Set<String> READING = Set.of("GET", "HEAD", "OPTIONS");

    private final Tokens tokens;
    private final FailedLogins failures;
    private final WallClock clock;

    @Context
    private HttpServletRequest servlet;

    @SuppressWarnings("NullAway.Init")
    BearerFilter(Tokens tokens, FailedLogins failures, WallClock clock) {
        this.tokens = tokens;
        this.failures = failures;
        this.clock = clock;
    }

    @Override
    public void filter(ContainerRequestContext request) {
        if (request.getUriInfo().getPath().equals(OpenApiResource.PATH)) {
            return;
        }
        if (tokens.isEmpty()) {
            refuse(
                    request,
                    "nobody has a token yet; make one with: registry token create --name <name> --role <read or operate>");
            return;
        }
        String header = request.getHeaderString(HttpHeaders.AUTHORIZATION);
        if (header == null || !header.toLowerCase(Locale.ROOT).startsWith(SCHEME)) {
            refuse(request, "send the header Authorization: Bearer <token>");
            return;
        }
        Tokens.Answer answer = tokens.ask(header.substring(SCHEME.length()).strip(), clock.now());
        if (answer instanceof Tokens.Answer.Known known) {
            admit(request, known.operator());
        } else if (answer instanceof Tokens.Answer.Expired expired) {
            refuse(request, "the token of '" + expired.name() + "' has expired");
        } else {
            refuseUnknown(request, String.valueOf(servlet.getRemoteAddr()));
        }
    }

    /** Nobody with a right token is kept waiting, because many people may come from one address. */
    private void refuseUnknown(ContainerRequestContext request, String address) {
        long wait = failures.secondsToWait(address);
        if (wait == 0) {
            failures.add(address);
            refuse(request, "no token is like this one");
            return;
        }
        request.abortWith(Problem.of(
                        Response.status(429).header("Retry-After", wait),
                        429,
                        "too many wrong tokens came from " + address + "; try again in " + wait + " s")
                .build());
    }

    private static void admit(ContainerRequestContext request, Operator operator) {
        if (!READING.contains(request.getMethod()) && !operator.mayOperate()) {
            request.abortWith(Problem.of(
                    403,
                    "the token of '" + operator.name() + "' may only read; changes need one with the role operate"));
            return;
        }
        request.setProperty(OPERATOR, operator);
    }

    private static void refuse(ContainerRequestContext request, String detail) {
        request.abortWith(Problem.of(
                        Response.status(401).header(HttpHeaders.WWW_AUTHENTICATE, "Bearer realm=\"registry\""),
                        401,
                        detail)
                .build());
    }
}
