package org.registrybbm.migrations.failure;

import java.util.List;

/** Says that a name is no batched migration's, and which names are near. */
public final class UnknownMigrationException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String name;
    private final List<String> nearest;

    /**
     * Describes the mistake.
     *
     * @param name what was asked for
     * @param nearest known names, the nearest first; may be empty
     */
    public UnknownMigrationException(String name, List<String> nearest) {
        super("there is no batched migration '" + name + "'; nothing was changed"
                + (nearest.isEmpty()
                        ? "; there are none at all: queue one, or run 'db migrate'"
                        : "; the nearest names are: " + String.join(", ", nearest)));
        this.name = name;
        this.nearest = List.copyOf(nearest);
    }

    /** Returns what was asked for. */
    public String name() {
        return name;
    }

    /** Returns known names, the nearest first; may be empty. */
    public List<String> nearest() {
        return nearest;
    }
}
