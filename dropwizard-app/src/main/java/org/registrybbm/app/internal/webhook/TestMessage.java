package org.registrybbm.app.internal.webhook;

import java.time.Instant;
import java.util.UUID;
import org.registrybbm.migrations.outbox.Message;
import org.registrybbm.migrations.outbox.MessageEvent;

/** The message with which a person tries the webhook. It is about no batched migration. */
public final class TestMessage {
    private TestMessage() {}

    /**
     * Returns a message.
     *
     * @param random what tells it from others
     * @param at when it was asked for
     */
    public static Message of(UUID random, Instant at) {
        return new Message(
                "msg_" + random.toString().replace("-", ""),
                MessageEvent.TEST,
                at,
                new Message.State(
                        0,
                        "example",
                        "public.example",
                        null,
                        "test",
                        "somebody tries the webhook; nothing has happened",
                        null,
                        null,
                        null,
                        null));
    }
}
