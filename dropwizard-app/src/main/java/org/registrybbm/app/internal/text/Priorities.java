package org.registrybbm.app.internal.text;

/** Reads priorities as people write them. */
public final class Priorities {
    private Priorities() {}

    /**
     * Reads a priority.
     *
     * @throws IllegalArgumentException if the text is not a whole number; the range is checked where the priority is set
     */
    public static int parse(String text) {
        try {
            return Integer.parseInt(text.strip());
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "priority is '" + text + "', allowed is -32768 to 32767; nothing was changed", e);
        }
    }
}
