package org.registrybbm.app.internal.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import jakarta.ws.rs.container.ContainerRequestContext;
import org.registrybbm.app.internal.access.Operator;
import org.registrybbm.app.internal.api.filter.BearerFilter;
import org.registrybbm.app.internal.operate.Decision;
import org.registrybbm.app.internal.operate.Operations;
import org.registrybbm.migrations.model.StatusChange.Decider;

/** Does what a request asks for, in the name of its token. */
record Decisions(Operations operations) {
    ObjectNode run(ContainerRequestContext request, Body body, Decision decision) {
        String reason = body.reason();
        if (body.dryRun()) {
            return Json.effects(operations.preview(decision), true);
        }
        Operator operator = BearerFilter.operator(request);
        return Json.effects(operations.run(decision, new Decider(operator.name(), "api", reason)), false);
    }
}
