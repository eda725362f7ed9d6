package org.registrybbm.app.internal.text;

/** Thrown to end a command with exit code 1 and one line on stderr. */
public final class CommandFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Describes what failed and what to do. */
    public CommandFailure(String message) {
        super(message);
    }

    /** Returns a failure without a message, for a command that has already printed what failed. */
    public static CommandFailure alreadySaid() {
        return new CommandFailure("");
    }

    /** Describes what failed and what to do, and keeps the cause. */
    public CommandFailure(String message, Throwable cause) {
        super(message, cause);
    }
}
