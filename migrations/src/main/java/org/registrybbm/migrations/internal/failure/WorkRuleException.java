package org.registrybbm.migrations.internal.failure;

/** Thrown when a work function did something that no work function may do, whatever its rows hold. */
public final class WorkRuleException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public WorkRuleException(String message) {
        super(message);
    }
}
