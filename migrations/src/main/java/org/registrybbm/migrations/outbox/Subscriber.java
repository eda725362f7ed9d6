package org.registrybbm.migrations.outbox;

import java.util.Set;

/**
 * A replica that has a webhook.
 *
 * @param replica its name
 * @param endpoint identifies the receiver without revealing its URL, such as a hash of it; the same on each replica
 * @param events what the receiver wants to be told
 */
public record Subscriber(String replica, String endpoint, Set<MessageEvent> events) {
    /** Copies the events. */
    public Subscriber {
        events = Set.copyOf(events);
    }
}
