package org.registrybbm.migrations.model;

/**
 * A change of a migration's status that was made for a person.
 *
 * @param name the migration's name
 * @param from its status before
 * @param to its status now
 */
public record StatusChange(String name, MigrationStatus from, MigrationStatus to) {}
