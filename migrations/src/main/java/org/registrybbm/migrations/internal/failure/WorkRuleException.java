package org.registrybbm.migrations.internal.failure;

/** Says that a work function did what it must not, whatever its rows hold. */
public final class WorkRuleException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public WorkRuleException(String message) {
        super(message);
    }
}
