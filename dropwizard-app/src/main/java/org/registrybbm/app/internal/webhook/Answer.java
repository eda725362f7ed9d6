package org.registrybbm.app.internal.webhook;

import java.time.Duration;

/** What came of a try. */
public sealed interface Answer {
    /** Returns one line that says what happened, without secrets. */
    String text();

    /** The receiver has the message. */
    record Accepted(String text) implements Answer {}

    /** The receiver wants no messages any more. */
    record Gone(String text) implements Answer {}

    /**
     * The receiver has not taken the message, or was not reached.
     *
     * @param asked for how long it asked to be left alone; zero if it did not
     */
    record Failed(String text, Duration asked) implements Answer {}
}
