package org.registrybbm.migrations.internal;

import org.registrybbm.migrations.BatchJob;
import org.registrybbm.migrations.Failure;
import org.registrybbm.migrations.FailureCode;

/** Makes a migration's failure of the batch job that used up its attempts. */
final class Exhaustion {
    private Exhaustion() {}

    static Failure of(BatchJob job, int attempts, Failure last) {
        return failure(job.id(), job.minValue(), job.maxValue(), attempts, last);
    }

    static Failure of(JobQueries.Exhausted job) {
        String message = job.message() == null ? "no message was recorded" : job.message();
        return failure(
                job.id(),
                job.minValue(),
                job.maxValue(),
                job.attempts(),
                new Failure(FailureCode.MAX_JOB_RETRY, job.errorClass(), job.sqlState(), message));
    }

    private static Failure failure(long id, long min, long max, int attempts, Failure last) {
        return new Failure(
                FailureCode.MAX_JOB_RETRY,
                last.errorClass(),
                last.sqlState(),
                "batch job " + id + " (" + min + " to " + max + ") failed " + attempts
                        + " times without progress; last: " + last.message());
    }
}
