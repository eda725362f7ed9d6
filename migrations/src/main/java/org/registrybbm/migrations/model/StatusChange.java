package org.registrybbm.migrations.model;

import org.jspecify.annotations.Nullable;

/**
 * A change of a migration's status that was made for a person.
 *
 * @param name the migration's name
 * @param from its status before
 * @param to its status now
 */
public record StatusChange(String name, MigrationStatus from, MigrationStatus to) {
    /**
     * Who decides a change, and why. It is kept with the events of the migration.
     *
     * @param name the person, or the program that acts for one; null if nobody said, which leaves it to the user of the database session
     * @param via by what way, in one word such as {@code cli}, {@code task} or {@code code}
     * @param reason why, for those who read it later; null if nobody said
     */
    public record Decider(
            @Nullable String name, String via, @Nullable String reason) {
        /** Returns the reason, or the given text if there is none. */
        public String reasonOr(String otherwise) {
            return reason == null ? otherwise : reason;
        }

        /** The application's own code, without a person. */
        public static final Decider CODE = new Decider(null, "code", null);
    }
}
