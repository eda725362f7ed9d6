package org.registrybbm.migrations.internal;

import org.registrybbm.migrations.BatchJob;
import org.registrybbm.migrations.Failure;
import org.registrybbm.migrations.FailureCode;

/** Makes a migration's failure of the batch job that used up its attempts. */
final class Exhaustion {
    private Exhaustion() {}

    static Failure of(BatchJob job, int attempts, Failure last) {
        return new Failure(
                FailureCode.MAX_JOB_RETRY,
                last.errorClass(),
                last.sqlState(),
                "batch job " + job.id() + " (" + job.range() + ") failed " + attempts
                        + " times without progress; last: " + last.message());
    }

    static Failure of(JobQueries.Exhausted exhausted) {
        String message = exhausted.message() == null ? "no message was recorded" : exhausted.message();
        return of(
                exhausted.job(),
                exhausted.job().attempts(),
                new Failure(FailureCode.MAX_JOB_RETRY, exhausted.errorClass(), exhausted.sqlState(), message));
    }
}
