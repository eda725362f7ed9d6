package org.registrybbm.migrations.status;

/**
 * A replica that shows itself on the database.
 *
 * @param name its name; the application name of its session if it has never held a batch job
 * @param batchJobs how many batch jobs it holds now
 */
public record Replica(String name, int batchJobs) {}
