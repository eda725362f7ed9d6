package org.registrybbm.app.internal.tasks;

import java.util.List;
import java.util.Map;

/** Reads the {@code migration} parameters of an admin task. */
final class Names {
    private static final String PARAMETER = "migration";

    private Names() {}

    /**
     * Returns the names of migrations; empty if all are meant. Other parameters are refused, because a mistake in the parameter's name must
     * not turn "this one" into "all".
     *
     * @throws IllegalArgumentException for another parameter and for a blank name
     */
    static List<String> of(Map<String, List<String>> parameters) {
        for (String parameter : parameters.keySet()) {
            if (!parameter.equals(PARAMETER)) {
                throw new IllegalArgumentException("there is no parameter '" + parameter
                        + "'; nothing was changed; the only one is '" + PARAMETER + "', which may be repeated");
            }
        }
        List<String> names = parameters.getOrDefault(PARAMETER, List.of());
        if (names.stream().anyMatch(String::isBlank)) {
            throw new IllegalArgumentException("the parameter '" + PARAMETER
                    + "' has no value; nothing was changed; leave it out to mean every batched migration");
        }
        return names;
    }
}
