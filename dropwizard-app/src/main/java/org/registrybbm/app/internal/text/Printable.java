package org.registrybbm.app.internal.text;

import java.util.regex.Pattern;

/**
 * Makes text of the database fit for a terminal. Names and reasons may hold anything that somebody has written into a row, also sequences
 * that a terminal would obey.
 */
public final class Printable {
    // Control characters, and those that change the direction of writing.
    private static final Pattern UNFIT =
            Pattern.compile("[\\p{Cntrl}\\x{80}-\\x{9f}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]");

    private Printable() {}

    /** Returns the text in one line, in which each character that a terminal does not print is a question mark. */
    public static String of(String text) {
        return UNFIT.matcher(text.replaceAll("\\s+", " ")).replaceAll("?");
    }
}
