package org.registrybbm.migrations.model;

import org.registrybbm.migrations.failure.Failure;

/** How one run of a batch job ended. */
public sealed interface BatchOutcome {
    /** The whole range was processed. */
    record Finished(BatchJob job) implements BatchOutcome {}

    /**
     * The attempt failed and is recorded.
     *
     * @param failure why
     * @param exhausted whether it was the last attempt, so that the migration failed
     */
    record Failed(BatchJob job, Failure failure, boolean exhausted) implements BatchOutcome {}

    /** The rest of the batch was handed back with its cursor, and no attempt counted. */
    record HandedBack(long jobId, Reason reason) implements BatchOutcome {}

    /** The batch job was not claimed; nothing was done. */
    record NotClaimed(long jobId, Reason reason) implements BatchOutcome {}

    /** The lease was lost to another worker, or the database was away for too long; whoever claims it next goes on. */
    record Lost(long jobId, String why) implements BatchOutcome {}

    /** Why a batch job is not run now. */
    enum Reason {
        /** No such batch job, or no such migration any more. */
        GONE,
        /** It is finished, or failed and not due. */
        NOT_DUE,
        /** Its migration is paused, finished or failed. */
        MIGRATION_STOPPED,
        /** Another worker holds its lease. */
        LEASED,
        /** A limit of batch jobs at once is reached. */
        LIMIT_REACHED,
        /** This replica's code does not know the work function or the strategy. */
        CODE_MISSING,
        /** Somebody else's lock is in its way; it is tried again after a while. */
        LOCKED,
        /** The replica is shutting down. */
        STOPPING,
        /** The migration's definition was changed while the batch ran. */
        DEFINITION_CHANGED,
        /** The container registry's own software is at work, or this replica's session that keeps it out is lost. */
        REGISTRY_AT_WORK
    }
}
