package org.registrybbm.migrations.failure;

/** Thrown when a program needs the result of batched migrations that are not finished. */
public final class NotFinishedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param unfinished which migrations are not finished, and how far each one is
     */
    public NotFinishedException(String unfinished) {
        super(unfinished);
    }
}
