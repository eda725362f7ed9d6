package org.registrybbm.migrations.model;

import java.util.Locale;
import org.registrybbm.migrations.failure.FailureCode;

/**
 * The status of a batched migration, as {@code batched_background_migrations.status} holds it.
 *
 * <p>Anyone may write the column with a plain {@code UPDATE}. The engine makes only the moves that {@link #engineMayMoveTo} allows. Each of
 * its statements names the statuses that it may start from, so it never overwrites what a person has set in the meantime.
 */
public enum MigrationStatus {
    /** Nothing new starts. A batch job in flight stops after its current sub-batch. */
    PAUSED(0),
    /** Ready to be picked up. */
    ACTIVE(1),
    /** Every batch is done, and no row is in quarantine: rows that could not be changed were waived. */
    FINISHED(2),
    /** It cannot go on until a person acts. The {@link FailureCode} says why. */
    FAILED(3),
    /** At least one batch job was started. */
    RUNNING(4);

    private final int code;

    MigrationStatus(int code) {
        this.code = code;
    }

    /**
     * Returns the status of a stored number.
     *
     * @param code 0 to 4
     * @return the status
     * @throws IllegalArgumentException when no status has that number
     */
    public static MigrationStatus of(int code) {
        for (MigrationStatus status : values()) {
            if (status.code == code) {
                return status;
            }
        }
        throw new IllegalArgumentException(code + " is not a status of a batched migration; known are 0 to 4");
    }

    /** Returns the number that the table holds, 0 to 4. */
    public int code() {
        return code;
    }

    /** Returns the word that operators read, in lower case. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns whether batch jobs may be started: {@link #ACTIVE} or {@link #RUNNING}. */
    public boolean isRunnable() {
        return this == ACTIVE || this == RUNNING;
    }

    /**
     * Returns whether the engine itself may make a move. People may make any.
     *
     * @param next the status to move to
     */
    public boolean engineMayMoveTo(MigrationStatus next) {
        return switch (this) {
            case ACTIVE -> next == RUNNING || next == FINISHED || next == FAILED;
            case RUNNING -> next == FINISHED || next == FAILED;
            // Only if it failed because no replica had its code, and now a replica has it.
            case FAILED -> next == ACTIVE;
            // Only if somebody set it to finished although it was not complete.
            case FINISHED -> next == ACTIVE;
            case PAUSED -> false;
        };
    }
}
