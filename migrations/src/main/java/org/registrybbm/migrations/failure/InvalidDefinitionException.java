package org.registrybbm.migrations.failure;

/** Thrown when a batched migration cannot run as its row defines it. */
public final class InvalidDefinitionException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final FailureCode code;

    /**
     * Creates the exception.
     *
     * @param code the code that the migration fails with
     * @param message what is wrong and what to do, without row values
     */
    public InvalidDefinitionException(FailureCode code, String message) {
        super(message);
        this.code = code;
    }

    /** Returns the code that the migration fails with. */
    public FailureCode code() {
        return code;
    }

    /** Returns the failure to record. */
    public Failure failure() {
        return Failure.of(code, String.valueOf(getMessage()));
    }
}
