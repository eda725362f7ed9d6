package org.registrybbm.migrations.liquibase.lint;

import liquibase.changelog.ChangeSet;

/**
 * Something that a changelog should not have.
 *
 * @param rule which rule it breaks
 * @param error whether it is an error, and not a warning
 * @param file the file of the changelog
 * @param changeSet the changeset's id and author; empty where the file as a whole is meant
 * @param message what is wrong and what to do
 */
public record Finding(Rule rule, boolean error, String file, String changeSet, String message) {
    static Finding of(ChangeSet changeSet, Rule rule, String message) {
        return of(changeSet, rule, rule.isError(), message);
    }

    static Finding of(ChangeSet changeSet, Rule rule, boolean error, String message) {
        return new Finding(
                rule, error, changeSet.getFilePath(), changeSet.getId() + " of " + changeSet.getAuthor(), message);
    }

    /** Returns one line for people. */
    @Override
    public String toString() {
        return file + (changeSet.isEmpty() ? "" : ", changeset " + changeSet) + ": " + (error ? "error" : "warning")
                + " " + rule.id() + ": " + message;
    }
}
