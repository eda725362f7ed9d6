package org.registrybbm.migrations.quarantine;

/**
 * What a retry has set in motion.
 *
 * @param migration name of the batched migration
 * @param failed whether the migration itself had failed, and is active again
 * @param rows quarantined rows that are tried again
 * @param batchJobs failed batch jobs that are tried again, with all their attempts
 * @param paused whether nothing happens before somebody starts the migration
 */
public record RetryResult(String migration, boolean failed, long rows, long batchJobs, boolean paused) {}
