package org.registrybbm.migrations.status;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.model.BatchJob;

/**
 * A batch job and what has happened to it.
 *
 * @param job the batch job as its row describes it
 * @param foldedJobs how many other finished batch jobs were folded into it, so that it has their ranges and sums; 0 or more
 * @param kind what its walk does: {@code change}, {@code verify} or {@code retry}
 * @param table the table or partition that it works on, quoted for SQL; null if its walk was deleted or the container registry made it
 * @param held whether a replica holds its lease now
 * @param startedAt when it was claimed last; null before the first claim
 * @param finishedAt when it was finished; null before that
 * @param retryAt when it is tried again; null if it has not failed
 * @param busyMillis how long its sub-batches took so far, in milliseconds
 * @param blockedBy whose lock it waits for; null if it waits for none
 * @param failure why its last try failed; null if it did not fail
 */
public record BatchJobOverview(
        BatchJob job,
        long foldedJobs,
        String kind,
        @Nullable String table,
        boolean held,
        @Nullable Instant startedAt,
        @Nullable Instant finishedAt,
        @Nullable Instant retryAt,
        long busyMillis,
        @Nullable String blockedBy,
        @Nullable Failure failure) {}
