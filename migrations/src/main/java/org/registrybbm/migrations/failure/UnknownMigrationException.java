package org.registrybbm.migrations.failure;

import java.util.List;

/** Thrown when there is no batched migration of a given name. It tells the names that are most similar. */
public final class UnknownMigrationException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String name;
    private final List<String> nearest;

    /**
     * Creates the exception.
     *
     * @param name the name that was given
     * @param nearest names of existing migrations, the most similar first; empty when there is no migration at all
     */
    public UnknownMigrationException(String name, List<String> nearest) {
        super("there is no batched migration '" + name + "'; nothing was changed"
                + (nearest.isEmpty()
                        ? "; no batched migration exists yet: queue one, or run 'db migrate'"
                        : "; the nearest names are: " + String.join(", ", nearest)));
        this.name = name;
        this.nearest = List.copyOf(nearest);
    }

    /** Returns the name that was given. */
    public String name() {
        return name;
    }

    /** Returns names of existing migrations, the most similar first; empty when there is no migration at all. */
    public List<String> nearest() {
        return nearest;
    }
}
