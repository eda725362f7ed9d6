package org.registrybbm.app.internal.page;

import jakarta.ws.rs.container.ContainerRequestContext;
import java.util.Objects;
import org.registrybbm.app.internal.access.Operator;

/** Who asks for a view. */
final class PageRequest {
    static final String OPERATOR = "org.registrybbm.operator";

    private PageRequest() {}

    static Operator operator(ContainerRequestContext request) {
        return (Operator) Objects.requireNonNull(request.getProperty(OPERATOR));
    }
}
