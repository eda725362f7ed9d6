package org.registrybbm.migrations.quarantine;

/**
 * What a retry has set in motion.
 *
 * @param migration name of the batched migration
 * @param reactivated whether it had failed and is active again
 * @param rows quarantined rows that are tried again
 * @param batchJobs failed batch jobs that are tried again at once, with all their attempts
 */
public record RetryResult(String migration, boolean reactivated, long rows, long batchJobs) {}
