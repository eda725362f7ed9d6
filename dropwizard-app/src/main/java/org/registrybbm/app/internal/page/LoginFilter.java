package org.registrybbm.app.internal.page;

import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.PreMatching;
import jakarta.ws.rs.core.Cookie;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.registrybbm.app.internal.access.LoginCookie;
import org.registrybbm.app.internal.access.Operator;
import org.registrybbm.app.internal.access.SameOrigin;
import org.registrybbm.app.internal.access.Tokens;
import org.registrybbm.app.internal.access.WallClock;
import org.registrybbm.app.internal.page.view.FormViews;
import org.registrybbm.app.internal.page.view.Layout;

/** Lets only those in who are logged in, and takes forms only from this page. */
@PreMatching
final class LoginFilter implements ContainerRequestFilter {
    private final Tokens tokens;
    private final WallClock clock;

    LoginFilter(Tokens tokens, WallClock clock) {
        this.tokens = tokens;
        this.clock = clock;
    }

    @Override
    public void filter(ContainerRequestContext request) {
        String path = request.getUriInfo().getPath();
        if (path.startsWith("assets/")) {
            return;
        }
        if (!request.getMethod().equals("GET") && !request.getMethod().equals("HEAD")) {
            Optional<String> foreign = SameOrigin.foreign(
                    request.getHeaderString("Sec-Fetch-Site"),
                    request.getHeaderString("Origin"),
                    request.getHeaderString("Host"));
            if (foreign.isPresent()) {
                request.abortWith(
                        answer(403, FormViews.message(null, "Refused", foreign.get() + ". Nothing was changed.")));
                return;
            }
        }
        request.setEntityStream(new SmallBody(request.getEntityStream()));
        if (hasNul(request)) {
            request.abortWith(answer(
                    400, FormViews.message(null, "It did not work", "The address has a character of the code 0.")));
            return;
        }
        if (tokens.isEmpty()) {
            request.abortWith(answer(
                    401,
                    FormViews.message(
                            null,
                            "Nobody can log in yet",
                            "Make a token with: registry token create --name <your name> --role operate. It prints the line for the"
                                    + " configuration file.")));
            return;
        }
        if (path.equals(LoginPage.LOGIN)) {
            return;
        }
        Optional<Operator> operator = operator(request);
        if (operator.isPresent()) {
            request.setProperty(PageRequest.OPERATOR, operator.get());
            return;
        }
        String to = request.getMethod().equals("GET")
                ? request.getUriInfo().getRequestUri().getRawPath()
                : Layout.ROOT;
        request.abortWith(
                Response.seeOther(URI.create(Layout.ROOT + "login?to=" + URLEncoder.encode(to, StandardCharsets.UTF_8)))
                        .build());
    }

    private static boolean hasNul(ContainerRequestContext request) {
        return request.getUriInfo().getQueryParameters().values().stream()
                .flatMap(List::stream)
                .anyMatch(value -> value.indexOf(0) >= 0);
    }

    private Optional<Operator> operator(ContainerRequestContext request) {
        return LoginPage.COOKIES.stream()
                .map(name -> request.getCookies().get(name))
                .filter(cookie -> cookie != null)
                .map(Cookie::getValue)
                .flatMap(value -> LoginCookie.read(tokens, value, clock.now()).stream())
                .findFirst();
    }

    static Response answer(int status, String html) {
        return Response.status(status)
                .type(MediaType.TEXT_HTML_TYPE.withCharset("utf-8"))
                .entity(html)
                .build();
    }
}
