package org.registrybbm.app.internal.page;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.NewCookie;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.access.FailedLogins;
import org.registrybbm.app.internal.access.LoginCookie;
import org.registrybbm.app.internal.access.Tokens;
import org.registrybbm.app.internal.access.WallClock;
import org.registrybbm.app.internal.page.view.FormViews;
import org.registrybbm.app.internal.page.view.Layout;

/** Logs people in and out. */
@Path("")
public final class LoginPage {
    static final String LOGIN = "login";

    // The first one is bound to this host by the browser, which takes it over TLS only.
    private static final String SECURE = "__Host-bbm";
    private static final String PLAIN = "bbm";
    static final List<String> COOKIES = List.of(SECURE, PLAIN);

    private static final Pattern OWN = Pattern.compile("/bbm/[A-Za-z0-9/_-]*");
    private static final int LONGEST_TOKEN = 200;

    private final Tokens tokens;
    private final FailedLogins failures;
    private final WallClock clock;

    LoginPage(Tokens tokens, FailedLogins failures, WallClock clock) {
        this.tokens = tokens;
        this.failures = failures;
        this.clock = clock;
    }

    /** Shows the form. */
    @GET
    @Path(LOGIN)
    public Response show(@QueryParam("to") @Nullable String to) {
        return LoginFilter.answer(200, FormViews.login(own(to), ""));
    }

    /** Takes a token. */
    @POST
    @Path(LOGIN)
    @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
    public Response logIn(
            @FormParam("token") @Nullable String token,
            @FormParam("to") @Nullable String to,
            @Context HttpServletRequest request) {
        String shown = token == null ? "" : token.strip();
        Tokens.Answer answer =
                shown.length() > LONGEST_TOKEN ? new Tokens.Answer.Unknown() : tokens.ask(shown, clock.now());
        if (answer instanceof Tokens.Answer.Known known) {
            String value = LoginCookie.of(tokens, known.operator(), clock.now()).orElse("");
            return Response.seeOther(URI.create(own(to)))
                    .cookie(cookie(request, value, (int) LoginCookie.LASTS.toSeconds()))
                    .build();
        }
        if (answer instanceof Tokens.Answer.Expired expired) {
            return LoginFilter.answer(
                    403, FormViews.login(own(to), "The token of " + expired.name() + " has expired."));
        }
        String address = String.valueOf(request.getRemoteAddr());
        long wait = failures.secondsToWait(address);
        if (wait > 0) {
            return Response.fromResponse(LoginFilter.answer(
                            429,
                            FormViews.login(
                                    own(to),
                                    "Too many wrong tokens came from " + address + "; try again in " + wait + " s.")))
                    .header("Retry-After", wait)
                    .build();
        }
        failures.add(address);
        return LoginFilter.answer(403, FormViews.login(own(to), "No token is like this one."));
    }

    /** Forgets who it was. */
    @POST
    @Path("logout")
    public Response logOut(@Context HttpServletRequest request) {
        return Response.seeOther(URI.create(Layout.ROOT + LOGIN))
                .cookie(cookie(request, "", 0))
                .build();
    }

    private static NewCookie cookie(HttpServletRequest request, String value, int seconds) {
        // Not every browser takes a secure cookie from loopback without TLS.
        boolean secure = request.isSecure() || "https".equalsIgnoreCase(request.getHeader("X-Forwarded-Proto"));
        return new NewCookie.Builder(secure ? SECURE : PLAIN)
                .value(value)
                .path("/")
                .maxAge(seconds)
                .secure(secure)
                .httpOnly(true)
                .sameSite(NewCookie.SameSite.STRICT)
                .build();
    }

    /** Only addresses of this page are gone to. */
    private static String own(@Nullable String to) {
        return to != null && OWN.matcher(to).matches() && !to.contains("//") ? to : Layout.ROOT;
    }
}
