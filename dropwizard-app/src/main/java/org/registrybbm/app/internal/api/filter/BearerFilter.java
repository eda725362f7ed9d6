package org.registrybbm.app.internal.api.filter;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.PreMatching;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.util.Objects;
import java.util.Set;
import org.registrybbm.app.internal.access.Bearer;
import org.registrybbm.app.internal.access.Operator;
import org.registrybbm.app.internal.web.Problem;

/** Lets only those in who show a token, and lets only operators change anything. */
@PreMatching
public final class BearerFilter implements ContainerRequestFilter {
    private static final String OPERATOR = "org.registrybbm.operator";
    private static final Set<String> READING = Set.of("GET", "HEAD", "OPTIONS");

    private final Bearer bearer;
    private final String open;

    @Context
    private HttpServletRequest servlet;

    /**
     * Creates a filter.
     *
     * @param open the path that needs no token
     */
    @SuppressWarnings("NullAway.Init")
    public BearerFilter(Bearer bearer, String open) {
        this.bearer = bearer;
        this.open = open;
    }

    /** Returns who sent a request that was let in. */
    public static Operator operator(ContainerRequestContext request) {
        return (Operator) Objects.requireNonNull(request.getProperty(OPERATOR));
    }

    @Override
    public void filter(ContainerRequestContext request) {
        if (request.getUriInfo().getPath().equals(open)) {
            return;
        }
        Bearer.Answer answer =
                bearer.ask(request.getHeaderString(HttpHeaders.AUTHORIZATION), String.valueOf(servlet.getRemoteAddr()));
        if (answer instanceof Bearer.Answer.Admitted admitted) {
            admit(request, admitted.operator());
        } else if (answer instanceof Bearer.Answer.Refused refused) {
            Response.ResponseBuilder response = Response.status(refused.status());
            refused.headers().forEach(response::header);
            request.abortWith(
                    Problem.of(response, refused.status(), refused.detail()).build());
        }
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
}
