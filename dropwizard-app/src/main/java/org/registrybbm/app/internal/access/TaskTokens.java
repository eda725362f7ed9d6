package org.registrybbm.app.internal.access;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Collections;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Once there are tokens, lets admin tasks be run only with one that may operate. Without any, the port alone protects them. */
public final class TaskTokens extends HttpFilter {
    private static final long serialVersionUID = 1L;
    private static final String SCHEME = "bearer ";

    private final transient Tokens tokens;
    private final transient FailedLogins failures;
    private final transient WallClock clock;
    private final transient Runnable afterwards;

    /**
     * Creates a filter that knows the tokens of the configuration.
     *
     * @param afterwards is told after each task, which may have changed something
     */
    public TaskTokens(Tokens tokens, FailedLogins failures, WallClock clock, Runnable afterwards) {
        this.afterwards = afterwards;
        this.tokens = tokens;
        this.failures = failures;
        this.clock = clock;
    }

    @Override
    protected void doFilter(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        try {
            filter(request, response, chain);
        } finally {
            afterwards.run();
        }
    }

    private void filter(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        if (tokens.isEmpty()) {
            chain.doFilter(request, response);
            return;
        }
        String header = request.getHeader("Authorization");
        if (header == null || !header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            response.setHeader("WWW-Authenticate", "Bearer realm=\"registry\"");
            refuse(
                    response,
                    401,
                    "nothing was done: tasks need a token; send the header Authorization: Bearer <token>");
            return;
        }
        Tokens.Answer answer = tokens.ask(header.substring(SCHEME.length()).strip(), clock.now());
        if (answer instanceof Tokens.Answer.Known known) {
            if (known.operator().mayOperate()) {
                chain.doFilter(new Named(request, known.operator().name()), response);
            } else {
                refuse(
                        response,
                        403,
                        "nothing was done: the token of '" + known.operator().name() + "' may only read");
            }
            return;
        }
        String address = String.valueOf(request.getRemoteAddr());
        long wait = answer instanceof Tokens.Answer.Unknown ? failures.secondsToWait(address) : 0;
        if (wait > 0) {
            response.setHeader("Retry-After", Long.toString(wait));
            refuse(response, 429, "too many wrong tokens came from " + address + "; try again in " + wait + " s");
            return;
        }
        if (answer instanceof Tokens.Answer.Unknown) {
            failures.add(address);
        }
        refuse(response, 401, "nothing was done: no token is like this one, or it has expired");
    }

    private static void refuse(HttpServletResponse response, int status, String text) throws IOException {
        response.setStatus(status);
        response.setContentType("text/plain;charset=utf-8");
        response.getWriter().println(text);
    }

    /** A request in which whoever asks has the name of the token, whatever it says itself. */
    private static final class Named extends HttpServletRequestWrapper {
        private static final Set<String> DECISIONS =
                Set.of("bbm-pause", "bbm-start", "bbm-retry", "bbm-priority", "bbm-waive", "bbm-budget");
        private static final String BY = "by";

        private final String name;

        Named(HttpServletRequest request, String name) {
            super(request);
            this.name = name;
        }

        @Override
        public Enumeration<String> getParameterNames() {
            return Collections.enumeration(getParameterMap().keySet());
        }

        @Override
        public String @Nullable [] getParameterValues(String parameter) {
            return getParameterMap().get(parameter);
        }

        @Override
        public @Nullable String getParameter(String parameter) {
            String[] values = getParameterValues(parameter);
            return values == null || values.length == 0 ? null : values[0];
        }

        @Override
        public Map<String, String[]> getParameterMap() {
            Map<String, String[]> given = super.getParameterMap();
            String path = getRequestURI();
            String task = path.substring(path.lastIndexOf('/') + 1);
            // Without a parameter, the budgets are only listed.
            if (!DECISIONS.contains(task) || task.equals("bbm-budget") && given.isEmpty()) {
                return given;
            }
            Map<String, String[]> named = new HashMap<>(given);
            named.put(BY, new String[] {name});
            return named;
        }
    }
}
