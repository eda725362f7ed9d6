package org.registrybbm.migrations.model;

import org.jspecify.annotations.Nullable;

/**
 * A batch job that is due.
 *
 * @param jobId its key
 * @param deadToken the lease token of a worker that held it and gives no sign of life, or null when none did
 */
public record DueJob(long jobId, @Nullable Long deadToken) {}
