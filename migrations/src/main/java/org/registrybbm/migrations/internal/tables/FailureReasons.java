package org.registrybbm.migrations.internal.tables;

import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchedMigration;

/** Describes why a migration failed when something was used up: the attempts of a batch job, or the room in the quarantine. */
public final class FailureReasons {
    private FailureReasons() {}

    public static Failure of(BatchJob job, int attempts, Failure last) {
        return new Failure(
                FailureCode.MAX_JOB_RETRY,
                last.errorClass(),
                last.sqlState(),
                "batch job " + job.id() + " (" + job.range() + ") failed " + attempts
                        + " times without progress; last: " + last.message());
    }

    public static Failure ofQuarantine(BatchedMigration migration) {
        return Failure.of(
                FailureCode.QUARANTINE_FULL,
                "more than " + migration.quarantineLimit()
                        + " rows could not be changed at once, so the problem is probably not in the rows; look at some of them, fix the"
                        + " cause, and run 'retry'");
    }

    public static Failure of(JobQueries.Exhausted exhausted) {
        String message = exhausted.message() == null ? Failure.NO_MESSAGE : exhausted.message();
        return of(
                exhausted.job(),
                exhausted.job().attempts(),
                new Failure(FailureCode.MAX_JOB_RETRY, exhausted.errorClass(), exhausted.sqlState(), message));
    }
}
