package org.registrybbm.migrations.internal;

/** Says that a work function did what it must not, whatever its rows hold. */
final class WorkRuleException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    WorkRuleException(String message) {
        super(message);
    }
}
