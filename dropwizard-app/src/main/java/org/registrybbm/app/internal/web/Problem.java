package org.registrybbm.app.internal.web;

import com.fasterxml.jackson.databind.node.ObjectNode;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;
import org.registrybbm.app.internal.text.PrettyJson;

/** An answer that says what was wrong, as RFC 9457 describes it. */
public final class Problem {
    /** Its media type. */
    public static final String TYPE = "application/problem+json";

    private Problem() {}

    /** Returns the answer. */
    public static Response of(int status, String detail) {
        return of(Response.status(status), status, detail).build();
    }

    /** Adds the answer to one that has headers already. */
    public static Response.ResponseBuilder of(Response.ResponseBuilder response, int status, String detail) {
        return response.status(status).type(TYPE).entity(json(status, detail));
    }

    /** Returns the body of the answer. */
    public static String json(int status, String detail) {
        Response.Status known = Response.Status.fromStatusCode(status);
        ObjectNode node = PrettyJson.object()
                .put("type", "about:blank")
                .put("title", known == null ? "Error" : known.getReasonPhrase())
                .put("status", status)
                .put("detail", detail);
        return PrettyJson.of(node);
    }

    /** Returns an exception that ends the request with this answer. */
    public static WebApplicationException thrown(int status, String detail) {
        return new WebApplicationException(detail, of(status, detail));
    }
}
