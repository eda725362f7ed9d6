package org.registrybbm.app.internal.page;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.operate.Decision;
import org.registrybbm.app.internal.operate.Operations;
import org.registrybbm.app.internal.page.view.FormViews.Confirmation;

/**
 * What somebody is about to decide.
 *
 * @param decision the decision; null until all is given that it needs
 * @param form the form that asks for it
 */
record Asked(@Nullable Decision decision, Confirmation form) {
    /** Something that needs nothing but to be confirmed. */
    static Asked of(Operations operations, Decision decision, String title, String back) {
        return new Asked(
                decision, new Confirmation(title, operations.preview(decision), List.of(), Map.of(), false, back));
    }
}
