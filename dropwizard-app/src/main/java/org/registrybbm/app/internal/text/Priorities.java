package org.registrybbm.app.internal.text;

/** Reads priorities as people write them. */
public final class Priorities {
    private Priorities() {}

    /**
     * Reads a number.
     *
     * @throws IllegalArgumentException when it is none; its range is checked where it is set
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
