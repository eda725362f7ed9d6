package org.registrybbm.migrations.model;

import org.registrybbm.migrations.failure.Failure;

/** How one run of a batch job ended. */
public sealed interface BatchOutcome {
    /** The whole range was processed. */
    record Finished(BatchJob job) implements BatchOutcome {}

    /**
     * The attempt failed, and the failure is recorded.
     *
     * @param failure why it failed
     * @param exhausted whether it was the last attempt, so that the migration fails
     */
    record Failed(BatchJob job, Failure failure, boolean exhausted) implements BatchOutcome {}

    /** The rest of the batch was handed back. The cursor is kept, and no attempt is counted. */
    record HandedBack(long jobId, Reason reason) implements BatchOutcome {}

    /** The batch job was not claimed, and nothing was done. */
    record NotClaimed(long jobId, Reason reason) implements BatchOutcome {}

    /**
     * The worker lost the batch job, because another worker took it over or because the database was away for too long. The worker that
     * claims it next continues at its cursor.
     */
    record Lost(long jobId, String why) implements BatchOutcome {}

    /** The reasons why a batch job is not run now. */
    enum Reason {
        /** The batch job or its migration does not exist any more. */
        GONE,
        /** It is finished, or it failed and its next attempt is not due yet. */
        NOT_DUE,
        /** Its migration is paused, finished or failed. */
        MIGRATION_STOPPED,
        /** Another worker holds its lease. */
        LEASED,
        /** A budget of batch jobs at once is used up. */
        LIMIT_REACHED,
        /** This replica's code does not have the work function or the batching strategy. */
        CODE_MISSING,
        /** A lock that another transaction holds is in its way. It is tried again after a while. */
        LOCKED,
        /** The replica is shutting down. */
        STOPPING,
        /** The migration's definition was changed while the batch job ran. */
        DEFINITION_CHANGED,
        /** The container registry's own software is at work, or this replica has lost the session that keeps that software out. */
        REGISTRY_AT_WORK
    }
}
