package org.registrybbm.app.internal.page;

import static j2html.TagCreator.a;
import static j2html.TagCreator.each;
import static j2html.TagCreator.h1;
import static j2html.TagCreator.li;
import static j2html.TagCreator.ul;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.registrybbm.app.internal.page.view.Layout;

/** Answers {@code GET /} of the admin port with links to what is there. Dropwizard's own menu knows nothing of batched migrations. */
public final class AdminIndex extends HttpFilter {
    private static final long serialVersionUID = 1L;

    @Override
    protected void doFilter(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        if (!request.getMethod().equals("GET") || !"/".equals(request.getRequestURI())) {
            chain.doFilter(request, response);
            return;
        }
        Map<String, String> links = new LinkedHashMap<>();
        links.put(Layout.ROOT, "Batched migrations");
        links.put("/api/v1/openapi.yaml", "The API of batched migrations");
        links.put("/healthcheck", "Health checks");
        links.put("/prometheus", "Metrics for Prometheus");
        links.put("/metrics?pretty=true", "Metrics of Dropwizard");
        links.put("/threads", "Threads");
        response.setContentType("text/html;charset=utf-8");
        PageHeaders.all().forEach(response::setHeader);
        response.getWriter()
                .print(Layout.page(
                        "Admin",
                        null,
                        h1("Admin port"),
                        ul(each(links.entrySet(), link -> li(a(link.getValue()).withHref(link.getKey()))))));
    }
}
