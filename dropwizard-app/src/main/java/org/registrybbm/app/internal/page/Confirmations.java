package org.registrybbm.app.internal.page;

import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Form;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.access.Operator;
import org.registrybbm.app.internal.operate.Operations;
import org.registrybbm.app.internal.page.view.FormViews;
import org.registrybbm.migrations.model.StatusChange.Decider;

/** Shows what somebody is about to decide, with a form that does it, and does it once the form is sent. */
final class Confirmations {
    private static final int LONGEST_REASON = 500;

    private final Operations operations;

    Confirmations(Operations operations) {
        this.operations = operations;
    }

    static Response show(ContainerRequestContext context, Asked asked) {
        return LoginFilter.answer(200, FormViews.confirm(allowed(context), asked.form(), ""));
    }

    Response run(ContainerRequestContext context, Asked asked, Form form) {
        Operator operator = allowed(context);
        if (form.asMap().values().stream().flatMap(List::stream).anyMatch(value -> value.indexOf(0) >= 0)) {
            throw new PageException(400, "The form has a character of the code 0. Nothing was changed.");
        }
        String reason = text(form.asMap(), "reason");
        if (asked.decision() == null) {
            return LoginFilter.answer(
                    400, FormViews.confirm(operator, asked.form(), "Nothing was given, so nothing was changed."));
        }
        if (reason != null && reason.length() > LONGEST_REASON) {
            return LoginFilter.answer(
                    400, FormViews.confirm(operator, asked.form(), "The reason is too long; nothing was changed."));
        }
        try {
            operations.run(asked.decision(), new Decider(operator.name(), "page", reason));
        } catch (IllegalArgumentException e) {
            return LoginFilter.answer(400, FormViews.confirm(operator, asked.form(), String.valueOf(e.getMessage())));
        }
        return Response.seeOther(URI.create(asked.form().back())).build();
    }

    private static Operator allowed(ContainerRequestContext context) {
        Operator operator = PageRequest.operator(context);
        if (!operator.mayOperate()) {
            throw new PageException(403, "Your token may only read. Changes need one with the role operate.");
        }
        return operator;
    }

    /** Returns what was given under a name; null if it is blank. */
    static @Nullable String text(MultivaluedMap<String, String> given, String name) {
        String value = given.getFirst(name);
        return value == null || value.isBlank() ? null : value.strip();
    }
}
