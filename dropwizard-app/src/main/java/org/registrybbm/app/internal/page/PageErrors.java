package org.registrybbm.app.internal.page;

import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.ext.ExceptionMapper;
import org.eclipse.jetty.http.HttpException;
import org.registrybbm.app.internal.operate.BusyException;
import org.registrybbm.app.internal.page.view.FormViews;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.failure.UnknownMigrationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns whatever is thrown into a short view. What the program did not expect is in the log alone. */
final class PageErrors implements ExceptionMapper<Throwable> {
    private static final Logger LOGGER = LoggerFactory.getLogger(PageErrors.class);

    @Override
    public Response toResponse(Throwable thrown) {
        if (thrown instanceof PageException page) {
            return answer(page.status(), String.valueOf(page.getMessage()));
        }
        if (thrown instanceof WebApplicationException web) {
            int status = web.getResponse().getStatus();
            return status < 400
                    ? web.getResponse()
                    : answer(
                            status,
                            status == 408
                                    ? "The form did not come in time. Nothing was changed."
                                    : status == 404
                                            ? "There is nothing at this address."
                                            : "The request was not understood.");
        }
        if (thrown instanceof UnknownMigrationException) {
            return answer(404, String.valueOf(thrown.getMessage()));
        }
        if (thrown instanceof IllegalArgumentException) {
            return answer(400, String.valueOf(thrown.getMessage()));
        }
        if (thrown instanceof DatabaseException || thrown instanceof SchemaNotMigratedException) {
            return answer(503, String.valueOf(thrown.getMessage()));
        }
        if (thrown instanceof HttpException server) {
            return answer(server.getCode(), "The form came too slowly, or could not be read. Nothing was changed.");
        }
        if (thrown instanceof BusyException) {
            return answer(409, String.valueOf(thrown.getMessage()));
        }
        LOGGER.error("a view could not be shown", thrown);
        return answer(500, "A fault of this program; its log says more.");
    }

    private static Response answer(int status, String text) {
        return LoginFilter.answer(status, FormViews.message(null, title(status), text));
    }

    private static String title(int status) {
        return switch (status) {
            case 403 -> "Not allowed";
            case 404 -> "Not found";
            case 409 -> "Not now";
            case 503 -> "The database does not answer";
            default -> "It did not work";
        };
    }
}
