package org.registrybbm.app.internal.text;

/** Thrown to end a command with an exit code, 1 unless another is given, and one line on stderr. */
public final class CommandFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int exitCode;

    /** Describes what failed and what to do. */
    public CommandFailure(String message) {
        super(message);
        this.exitCode = 1;
    }

    private CommandFailure(int exitCode) {
        super("");
        this.exitCode = exitCode;
    }

    /** Returns a failure without a message, for a command that has already printed what failed. */
    public static CommandFailure alreadySaid() {
        return alreadySaid(1);
    }

    /** Returns a failure without a message, for a command that has already printed what failed, with an exit code for scripts. */
    public static CommandFailure alreadySaid(int exitCode) {
        return new CommandFailure(exitCode);
    }

    /** Returns the code that the process ends with. */
    public int exitCode() {
        return exitCode;
    }

    /** Describes what failed and what to do, and keeps the cause. */
    public CommandFailure(String message, Throwable cause) {
        super(message, cause);
        this.exitCode = 1;
    }
}
