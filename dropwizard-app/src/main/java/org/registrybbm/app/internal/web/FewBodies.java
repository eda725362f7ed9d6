package org.registrybbm.app.internal.web;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.function.LongSupplier;

/**
 * Leaves threads of the admin port to those who only look. Each request that has a body keeps a thread until the body is there, and the
 * admin port has 64 threads. So no more than half of them serve such requests, and a body has to be there within 10 s.
 */
public final class FewBodies extends HttpFilter {
    private static final long serialVersionUID = 1L;
    private static final Set<String> WITHOUT_BODY = Set.of("GET", "HEAD", "OPTIONS");
    private static final int MOST = 32;

    private final transient Semaphore places = new Semaphore(MOST);
    private final transient LongSupplier nanos;

    /**
     * Creates a filter that lets everybody in yet.
     *
     * @param nanos a clock that only goes forward
     */
    public FewBodies(LongSupplier nanos) {
        this.nanos = nanos;
    }

    @Override
    protected void doFilter(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        if (WITHOUT_BODY.contains(request.getMethod())) {
            chain.doFilter(request, response);
        } else if (places.tryAcquire()) {
            try {
                chain.doFilter(new TimelyRequest(request, nanos), response);
            } finally {
                places.release();
            }
        } else {
            SafeHeaders.ALL.forEach(response::setHeader);
            response.setHeader("Retry-After", "1");
            response.setStatus(503);
            response.setContentType(Problem.TYPE);
            response.getOutputStream()
                    .write(Problem.json(
                                    503,
                                    MOST + " other requests with bodies are served now; nothing was changed; try again")
                            .getBytes(StandardCharsets.UTF_8));
        }
    }
}
