package org.registrybbm.app.internal.text;

/** Ends a command with exit code 1 and one line on stderr. */
public final class CommandFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Describes what failed and what to do. */
    public CommandFailure(String message) {
        super(message);
    }

    /** Ends a command that has said already what failed. */
    public static CommandFailure alreadySaid() {
        return new CommandFailure("");
    }

    /** Describes what failed, and keeps why. */
    public CommandFailure(String message, Throwable cause) {
        super(message, cause);
    }
}
