package org.registrybbm.migrations.failure;

import org.jspecify.annotations.Nullable;

/**
 * Why something failed, in words for an operator.
 *
 * @param code the stable code
 * @param errorClass fully qualified class of the exception, or null when a check and not an exception found it
 * @param sqlState five-character SQLSTATE, or null when PostgreSQL did not raise it
 * @param message what was wrong, without row values
 */
public record Failure(
        FailureCode code,
        @Nullable String errorClass,
        @Nullable String sqlState,
        String message) {
    /** What stands in the place of a message that nobody wrote down, as the container registry does not. */
    public static final String NO_MESSAGE = "no message was recorded";

    /**
     * Describes a failure that a check found.
     *
     * @param code the stable code
     * @param message what was wrong, without row values
     */
    public static Failure of(FailureCode code, String message) {
        return new Failure(code, null, null, message);
    }
}
