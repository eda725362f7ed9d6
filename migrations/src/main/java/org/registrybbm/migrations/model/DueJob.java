package org.registrybbm.migrations.model;

import org.jspecify.annotations.Nullable;

/**
 * A batch job that should be run now.
 *
 * @param jobId its key
 * @param deadToken the lease token of a worker that holds it but gives no sign of life any more; null when there is no such worker
 */
public record DueJob(long jobId, @Nullable Long deadToken) {}
