package org.registrybbm.migrations.liquibase;

/**
 * A gate of a changeset that has not run yet, which would refuse it.
 *
 * @param changeSet the changeset, as Liquibase names it
 * @param migration the batched migration
 * @param text what stands in the way and what to run, one or more lines
 * @param running whether the migration goes on by itself, so that waiting may help
 */
public record Refusal(String changeSet, String migration, String text, boolean running) {}
