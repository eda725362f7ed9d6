package org.registrybbm.migrations.outbox;

import java.util.Locale;
import java.util.stream.Stream;

/** What a webhook is told of a batched migration. The words do not change: receivers go by them. */
public enum MessageEvent {
    /** It failed, and a person must act. */
    FAILED,
    /** It stands still although it should run. It is told once until the migration moves again. */
    STALLED,
    /** Rows could not be changed and wait for a person. All that come within ten minutes of each other are told once. */
    QUARANTINED,
    /** It is finished. */
    FINISHED,
    /** It has reached 25, 50 or 75 %. Each is told once. */
    PROGRESS,
    /** A person tries the webhook. The outbox never holds it. */
    TEST;

    /** Returns the word in the configuration and in the table of messages, such as {@code failed}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns whether this release knows an event of this word. */
    static boolean isKnown(String word) {
        return Stream.of(values()).anyMatch(event -> event.word().equals(word));
    }

    /**
     * Returns the event of a word.
     *
     * @throws IllegalArgumentException when there is none
     */
    static MessageEvent of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }
}
