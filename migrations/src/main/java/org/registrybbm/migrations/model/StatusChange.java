package org.registrybbm.migrations.model;

/**
 * A status that a person changed.
 *
 * @param name the migration
 * @param from its status before
 * @param to its status now
 */
public record StatusChange(String name, MigrationStatus from, MigrationStatus to) {}
