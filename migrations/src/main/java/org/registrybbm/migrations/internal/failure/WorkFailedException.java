package org.registrybbm.migrations.internal.failure;

/** Says that the Java of a work function threw, and not the engine's own. */
public final class WorkFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Throwable thrown;

    public WorkFailedException(Throwable thrown) {
        // Its own text may hold values, and may even be what throws.
        super("a work function threw it", thrown);
        this.thrown = thrown;
    }

    @Override
    public synchronized Throwable getCause() {
        return thrown;
    }
}
