package org.registrybbm.app.internal.tasks;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.model.StatusChange.Decider;

/** Reads the parameters of an admin task. */
final class Parameters {
    /** The parameters of every task that changes something. */
    static final String BY = "by";

    static final String REASON = "reason";

    private final Map<String, List<String>> values;

    private Parameters(Map<String, List<String>> values) {
        this.values = values;
    }

    /** Takes what was given, with parameters that may be given once each, and none that may be repeated. */
    static Parameters of(Map<String, List<String>> given, Set<String> once) {
        return of(given, once, Set.of());
    }

    /**
     * Takes what was given. Unknown parameters are refused, because a mistake in a parameter's name must not turn "this one" into "all".
     *
     * @param once parameters that may be given once at most
     * @param repeated parameters that may be repeated
     * @throws IllegalArgumentException for an unknown parameter, for one that is given twice and for one without a value
     */
    static Parameters of(Map<String, List<String>> given, Set<String> once, Set<String> repeated) {
        given.forEach((name, list) -> {
            if (!once.contains(name) && !repeated.contains(name)) {
                throw new IllegalArgumentException("there is no parameter '" + name
                        + "'; nothing was changed; the parameters of this task are: "
                        + Stream.concat(once.stream(), repeated.stream())
                                .sorted()
                                .collect(Collectors.joining(", ")));
            }
            if (list.isEmpty()
                    || list.stream().anyMatch(String::isBlank)
                    || list.size() > 1 && !repeated.contains(name)) {
                throw new IllegalArgumentException("the parameter '" + name + "' must have "
                        + (repeated.contains(name) ? "a value" : "one value") + "; nothing was changed");
            }
        });
        return new Parameters(Map.copyOf(given));
    }

    boolean isEmpty() {
        return values.isEmpty();
    }

    @Nullable
    String get(String name) {
        return values.containsKey(name) ? all(name).get(0) : null;
    }

    /** Returns the values of a parameter that may be repeated; empty if it was left out. */
    List<String> all(String name) {
        return values.getOrDefault(name, List.of());
    }

    /** Returns the number that a parameter gives, or {@code otherwise} if it was left out. */
    long number(String name, long otherwise, long least, long most) {
        String value = get(name);
        long number = value == null ? otherwise : number(name, value);
        if (number < least || number > most) {
            throw new IllegalArgumentException("the parameter '" + name + "' is " + number + ", allowed is " + least
                    + " to " + most + "; nothing was changed");
        }
        return number;
    }

    static long number(String name, String value) {
        try {
            return Long.parseLong(value.strip());
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "the parameter '" + name + "' is '" + value + "', which is not a whole number; nothing was changed",
                    e);
        }
    }

    /** Returns who asks, and why, as far as the caller says it. */
    Decider decider() {
        return new Decider(get(BY), "task", get(REASON));
    }

    String require(String name) {
        String value = get(name);
        if (value == null) {
            throw new IllegalArgumentException("the parameter '" + name + "' is missing; nothing was changed");
        }
        return value;
    }
}
