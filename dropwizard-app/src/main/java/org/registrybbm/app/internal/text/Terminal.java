package org.registrybbm.app.internal.text;

import java.io.Console;

/** Finds out whether a person looks at the output, on a terminal that can redraw a line. */
public final class Terminal {
    /** Moves to the start of the line and empties the line. */
    public static final String REDRAW = "\r\033[K";

    private Terminal() {}

    /** Returns whether there is such a terminal. */
    @SuppressWarnings("SystemConsoleNull")
    public static boolean isThere() {
        Console console = System.console();
        if (console == null || "dumb".equals(System.getenv("TERM"))) {
            return false;
        }
        try {
            // From Java 22 on there is a console even without a terminal, and this method tells the two cases apart.
            return (boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException e) {
            return true;
        }
    }
}
