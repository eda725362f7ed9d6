package org.registrybbm.migrations.internal.failure;

/** Thrown when the Java code of a work function threw an exception, as opposed to the engine's own code. */
public final class WorkFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Throwable thrown;

    public WorkFailedException(Throwable thrown) {
        // The text of the original exception may hold values, and reading it may even throw.
        super("a work function threw it", thrown);
        this.thrown = thrown;
    }

    @Override
    public synchronized Throwable getCause() {
        return thrown;
    }
}
