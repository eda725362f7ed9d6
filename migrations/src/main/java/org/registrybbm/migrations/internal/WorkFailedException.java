package org.registrybbm.migrations.internal;

/** Says that the Java of a work function threw, and not the engine's own. */
final class WorkFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final RuntimeException thrown;

    WorkFailedException(RuntimeException thrown) {
        super(thrown);
        this.thrown = thrown;
    }

    @Override
    public synchronized RuntimeException getCause() {
        return thrown;
    }
}
