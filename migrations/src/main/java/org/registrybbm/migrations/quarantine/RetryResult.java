package org.registrybbm.migrations.quarantine;

/**
 * What a retry has started for one migration.
 *
 * @param migration the name of the batched migration
 * @param failed whether the migration itself had failed and is active again now
 * @param rows how many quarantined rows are tried again
 * @param batchJobs how many failed batch jobs are tried again, with all their attempts
 * @param paused whether the migration is paused, so that nothing is tried again until somebody starts it
 */
public record RetryResult(String migration, boolean failed, long rows, long batchJobs, boolean paused) {}
