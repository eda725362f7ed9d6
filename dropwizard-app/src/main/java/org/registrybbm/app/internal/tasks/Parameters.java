package org.registrybbm.app.internal.tasks;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The parameters of an admin task that takes each of them once at most. */
final class Parameters {
    private final Map<String, String> values;

    private Parameters(Map<String, String> values) {
        this.values = values;
    }

    /**
     * Takes what was given. A mistake in a parameter's name must not turn "this one" into "all".
     *
     * @throws IllegalArgumentException for an unknown parameter, for one that is given twice and for one without a value
     */
    static Parameters of(Map<String, List<String>> given, Set<String> known) {
        Map<String, String> values = new HashMap<>();
        given.forEach((name, list) -> {
            if (!known.contains(name)) {
                throw new IllegalArgumentException("there is no parameter '" + name
                        + "'; nothing was changed; there are: "
                        + String.join(", ", known.stream().sorted().toList()));
            }
            if (list.size() != 1 || list.get(0).isBlank()) {
                throw new IllegalArgumentException(
                        "the parameter '" + name + "' must have one value; nothing was changed");
            }
            values.put(name, list.get(0));
        });
        return new Parameters(values);
    }

    boolean isEmpty() {
        return values.isEmpty();
    }

    @Nullable
    String get(String name) {
        return values.get(name);
    }

    String require(String name) {
        String value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("the parameter '" + name + "' is missing; nothing was changed");
        }
        return value;
    }
}
