package org.registrybbm.migrations.outbox;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A message about a batched migration. It stays the same in each try, whichever replica makes it.
 *
 * @param id identifies the message to its receiver, letters, digits and an underscore; the same in each try
 * @param event what it tells
 * @param at when that happened, by the database's clock
 * @param state the migration as it was then
 */
public record Message(String id, MessageEvent event, Instant at, State state) {
    /**
     * A batched migration at the time of a message.
     *
     * @param migrationId its id
     * @param migration its name
     * @param table the table that it changes
     * @param status its status as a word, or null if it was deleted before anybody could ask
     * @param reason what it was doing or why it stood still, as a word of {@link org.registrybbm.migrations.status.Reason.Code}
     * @param sentence the same for people, without row values
     * @param command what to type, or null if nothing has to be done
     * @param percent how far it was, 0 to 100, or null if nobody knows
     * @param migratedTupleCount how many rows it had changed, or null if it was deleted before anybody could ask
     * @param quarantinedRows how many rows waited in quarantine, or null if it was deleted before anybody could ask
     */
    public record State(
            long migrationId,
            String migration,
            String table,
            @Nullable String status,
            String reason,
            String sentence,
            @Nullable String command,
            @Nullable Double percent,
            @Nullable Long migratedTupleCount,
            @Nullable Long quarantinedRows) {}
}
