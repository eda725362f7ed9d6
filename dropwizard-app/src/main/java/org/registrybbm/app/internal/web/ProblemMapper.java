package org.registrybbm.app.internal.web;

import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.ext.ExceptionMapper;
import org.eclipse.jetty.http.HttpException;
import org.registrybbm.app.internal.operate.BusyException;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.failure.UnknownMigrationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns whatever is thrown into a short answer. What the program did not expect is in the log alone. */
public final class ProblemMapper implements ExceptionMapper<Throwable> {
    private static final Logger LOGGER = LoggerFactory.getLogger(ProblemMapper.class);

    @Override
    public Response toResponse(Throwable thrown) {
        if (thrown instanceof WebApplicationException web) {
            Response response = web.getResponse();
            return response.hasEntity() || response.getStatus() < 400
                    ? response
                    : Problem.of(Response.fromResponse(response), response.getStatus(), detail(response.getStatus()))
                            .build();
        }
        if (thrown instanceof UnknownMigrationException) {
            return Problem.of(404, String.valueOf(thrown.getMessage()));
        }
        if (thrown instanceof IllegalArgumentException) {
            return Problem.of(400, String.valueOf(thrown.getMessage()));
        }
        if (thrown instanceof DatabaseException || thrown instanceof SchemaNotMigratedException) {
            return Problem.of(503, String.valueOf(thrown.getMessage()));
        }
        if (thrown instanceof HttpException server) {
            return Problem.of(server.getCode(), "the body came too slowly, or could not be read; nothing was changed");
        }
        if (thrown instanceof BusyException) {
            return Problem.of(409, String.valueOf(thrown.getMessage()));
        }
        LOGGER.error("a request to the API failed", thrown);
        return Problem.of(500, "a fault of this program; its log says more");
    }

    private static String detail(int status) {
        return switch (status) {
            case 404 -> "there is nothing at this address; GET /api/v1/openapi.yaml tells what there is";
            case 405 -> "this address does not know the method; the header Allow tells which it knows";
            case 406 -> "the answer is JSON; send Accept: application/json";
            case 415 -> "the body must be JSON; send Content-Type: application/json";
            default -> "the request was not understood";
        };
    }
}
