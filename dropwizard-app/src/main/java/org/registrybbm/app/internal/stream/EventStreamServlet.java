package org.registrybbm.app.internal.stream;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.access.Bearer;
import org.registrybbm.app.internal.web.Problem;
import org.registrybbm.app.internal.web.SafeHeaders;

/** Answers {@code GET /api/v1/events/stream}. */
public final class EventStreamServlet extends HttpServlet {
    private static final long serialVersionUID = 1L;

    /** Where it belongs. */
    public static final String MAPPING = "/api/v1/events/stream";

    private static final String LAST_EVENT_ID = "Last-Event-ID";

    private final transient EventStreams streams;
    private final transient Bearer bearer;

    /** Describes what to stream, and to whom. */
    public EventStreamServlet(EventStreams streams, Bearer bearer) {
        this.streams = streams;
        this.bearer = bearer;
    }

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
        SafeHeaders.ALL.forEach(response::setHeader);
        Bearer.Answer answer = bearer.ask(request.getHeader("Authorization"), String.valueOf(request.getRemoteAddr()));
        if (answer instanceof Bearer.Answer.Refused refused) {
            refused.headers().forEach(response::setHeader);
            refuse(response, refused.status(), refused.detail());
        } else if (!request.getMethod().equals("GET")) {
            response.setHeader("Allow", "GET");
            refuse(response, 405, "this address does not know the method; the header Allow tells which it knows");
        } else if (!request.isAsyncSupported()) {
            refuse(
                    response,
                    503,
                    "a filter of this server does not let answers go on; use GET /api/v1/events?after=ID");
        } else if (answer instanceof Bearer.Answer.Admitted admitted) {
            stream(request, response, admitted.token());
        }
    }

    private void stream(HttpServletRequest request, HttpServletResponse response, String token) throws IOException {
        String last = request.getHeader(LAST_EVENT_ID);
        if (request.getQueryString() != null) {
            refuse(response, 400, "there is no parameter here");
            return;
        }
        if (last != null && !last.matches("[0-9]{1,18}")) {
            refuse(response, 400, "the header Last-Event-ID must be the id of an event");
            return;
        }
        if (streams.isFull()) {
            refuseFull(response);
            return;
        }
        response.setStatus(HttpServletResponse.SC_OK);
        response.setContentType("text/event-stream;charset=utf-8");
        response.setHeader("X-Accel-Buffering", "no");
        // The server's stop waits for connections that could be used again.
        response.setHeader("Connection", "close");
        AsyncContext context = request.startAsync();
        context.setTimeout(0);
        Listener listener = new Listener(
                context, response.getOutputStream(), number(last), () -> bearer.isStillKnown(token), streams);
        if (streams.add(listener)) {
            response.getOutputStream().setWriteListener(listener);
        } else {
            response.reset();
            SafeHeaders.ALL.forEach(response::setHeader);
            refuseFull(response);
            context.complete();
        }
    }

    private static @Nullable Long number(@Nullable String text) {
        return text == null ? null : Long.valueOf(text);
    }

    private static void refuseFull(HttpServletResponse response) throws IOException {
        response.setHeader("Retry-After", "10");
        refuse(
                response,
                503,
                "this replica has no place for another stream, or stops; try again, or use GET /api/v1/events?after=ID");
    }

    private static void refuse(HttpServletResponse response, int status, String detail) throws IOException {
        response.setStatus(status);
        response.setContentType(Problem.TYPE);
        response.getOutputStream().write(Problem.json(status, detail).getBytes(StandardCharsets.UTF_8));
    }
}
