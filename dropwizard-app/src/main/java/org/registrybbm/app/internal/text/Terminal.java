package org.registrybbm.app.internal.text;

import java.io.Console;

/** Whether a person looks at the output, on a terminal that can redraw a line. */
public final class Terminal {
    /** Goes back to the start of the line and empties it. */
    public static final String REDRAW = "\r\033[K";

    private Terminal() {}

    /** Returns whether there is one. */
    @SuppressWarnings("SystemConsoleNull")
    public static boolean isThere() {
        Console console = System.console();
        if (console == null || "dumb".equals(System.getenv("TERM"))) {
            return false;
        }
        try {
            // From Java 22 on there is a console without a terminal too, and this method to tell them apart.
            return (boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException e) {
            return true;
        }
    }
}
