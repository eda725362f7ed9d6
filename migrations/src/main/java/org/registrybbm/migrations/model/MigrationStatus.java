package org.registrybbm.migrations.model;

import java.util.Locale;
import org.registrybbm.migrations.failure.FailureCode;

/**
 * Status of a batched migration, as {@code batched_background_migrations.status} holds it.
 *
 * <p>Anyone may write the column with a plain {@code UPDATE}; the engine makes only the moves of {@link #engineMayMoveTo}, each
 * guarded by the status that it read.
 */
public enum MigrationStatus {
    /** Nothing new starts; a batch job in flight stops after its current sub-batch. */
    PAUSED(0),
    /** Ready to be picked up. */
    ACTIVE(1),
    /** Every batch is done, and every row that could not be changed was waived. */
    FINISHED(2),
    /** It cannot go on before a person acts; {@link FailureCode} says why. */
    FAILED(3),
    /** At least one batch job was started. */
    RUNNING(4);

    private final int code;

    MigrationStatus(int code) {
        this.code = code;
    }

    /**
     * Finds the status of a stored number.
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
        throw new IllegalArgumentException("no batched migration has the status " + code + "; known are 0 to 4");
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
     * Returns whether the engine itself may make this move. People may make any.
     *
     * @param next the status to move to
     */
    public boolean engineMayMoveTo(MigrationStatus next) {
        return switch (this) {
            case ACTIVE -> next == RUNNING || next == FINISHED || next == FAILED;
            case RUNNING -> next == FINISHED || next == FAILED;
            // Only after a failure that says that no replica had the code, once one has it.
            case FAILED -> next == ACTIVE;
            // Only one that is finished by its status alone, while its batch jobs say otherwise.
            case FINISHED -> next == ACTIVE;
            case PAUSED -> false;
        };
    }
}
