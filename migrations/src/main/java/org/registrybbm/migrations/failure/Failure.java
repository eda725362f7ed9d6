package org.registrybbm.migrations.failure;

import org.jspecify.annotations.Nullable;

/**
 * The reason why something failed, in words for an operator.
 *
 * @param code the failure code, which never changes its meaning
 * @param errorClass fully qualified class of the exception, or null when no exception was thrown because a check found the failure
 * @param sqlState five-character SQLSTATE, or null when the failure does not come from PostgreSQL
 * @param message what was wrong, without row values
 */
public record Failure(
        FailureCode code,
        @Nullable String errorClass,
        @Nullable String sqlState,
        String message) {
    /** The text that is shown when no message was recorded. The container registry's own software records none. */
    public static final String NO_MESSAGE = "no message was recorded";

    /**
     * Returns a failure that a check found, so that there is no exception and no SQLSTATE.
     *
     * @param code the failure code
     * @param message what was wrong, without row values
     */
    public static Failure of(FailureCode code, String message) {
        return new Failure(code, null, null, message);
    }

    /**
     * Returns the same failure with another message.
     *
     * @param other what was wrong, without row values
     */
    public Failure saying(String other) {
        return new Failure(code, errorClass, sqlState, other);
    }
}
