package org.registrybbm.migrations.model;

import java.util.Locale;

/** The status of a batch job, as {@code batched_background_migration_jobs.status} holds it. */
public enum JobStatus {
    /** It waits for a worker, or the worker that holds its lease runs it. */
    ACTIVE(1),
    /** Its whole range was processed. */
    FINISHED(2),
    /** Its last attempt failed. It is tried again while it has attempts left. */
    FAILED(3);

    private final int code;

    JobStatus(int code) {
        this.code = code;
    }

    /**
     * Returns the status of a stored number.
     *
     * @param code 1 to 3
     * @return the status
     * @throws IllegalArgumentException when no status has that number
     */
    public static JobStatus of(int code) {
        for (JobStatus status : values()) {
            if (status.code == code) {
                return status;
            }
        }
        throw new IllegalArgumentException(code + " is not a status of a batch job; known are 1 to 3");
    }

    /** Returns the number that the table holds, 1 to 3. */
    public int code() {
        return code;
    }

    /** Returns the word that operators read, in lower case. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
