package org.registrybbm.app.internal.operate;

import java.util.List;
import org.registrybbm.migrations.model.StatusChange;

/**
 * What a decision does to one migration or budget.
 *
 * @param subject its name
 * @param text what is done, such as {@code running -> paused}
 */
public record Effect(String subject, String text) {
    static List<Effect> ofChanges(List<StatusChange> changes) {
        return changes.stream()
                .map(one -> new Effect(
                        one.name(), one.from().word() + " -> " + one.to().word()))
                .toList();
    }
}
