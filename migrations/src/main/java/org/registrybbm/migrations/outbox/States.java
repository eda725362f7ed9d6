package org.registrybbm.migrations.outbox;

import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.status.Reason;

/** Makes what a message says of a batched migration. */
final class States {
    private States() {}

    /** Returns what to say of a migration as it is now. */
    static Message.State of(MigrationOverview now, String sentence) {
        return new Message.State(
                now.migration().id(),
                now.migration().name(),
                now.migration().definition().table(),
                now.migration().status().word(),
                now.reason().code().word(),
                sentence,
                now.reason().command().orElse(null),
                percent(now),
                now.migratedTupleCount(),
                now.quarantinedRows());
    }

    /**
     * Returns what to say of something that has happened already.
     *
     * @param known what was known when it happened
     * @param now the migration as it is now; null if it was deleted
     * @param reason what to say
     */
    static Message.State of(Message.State known, @Nullable MigrationOverview now, Reason reason) {
        String status = known.status();
        return new Message.State(
                known.migrationId(),
                known.migration(),
                known.table(),
                status == null && now != null ? now.migration().status().word() : status,
                reason.code().word(),
                reason.sentence(),
                reason.command().orElse(null),
                now == null ? null : percent(now),
                now == null ? null : now.migratedTupleCount(),
                now == null ? null : now.quarantinedRows());
    }

    private static @Nullable Double percent(MigrationOverview now) {
        return now.progressPercent().isPresent() ? now.progressPercent().getAsDouble() : null;
    }
}
