package org.registrybbm.app.internal.text;

import java.io.Console;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;

/** Finds out whether a person looks at the output, on a terminal that can redraw a line, and how wide that is. */
public final class Terminal {
    /** Moves to the start of the line and empties the line. */
    public static final String REDRAW = "\r\033[K";

    private static final int MOST = 10_000;

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

    /**
     * Returns how many characters a line of the terminal has: as the variable {@code COLUMNS} says, else as the terminal itself does.
     *
     * @param environment the environment variables
     * @return the width; empty if the output goes to a file or another program and nothing says how wide it should be
     */
    public static OptionalInt width(Map<String, String> environment) {
        OptionalInt given = number(environment.getOrDefault("COLUMNS", ""));
        return given.isPresent() || !isThere() ? given : ofTerminal(1);
    }

    /**
     * Returns how many lines the terminal has: as the variable {@code LINES} says, else as the terminal itself does.
     *
     * @param environment the environment variables
     * @return the height; empty if nobody says it
     */
    public static OptionalInt height(Map<String, String> environment) {
        OptionalInt given = number(environment.getOrDefault("LINES", ""));
        return given.isPresent() || !isThere() ? given : ofTerminal(0);
    }

    /** Asks the terminal for its lines (0) or its characters in a line (1). */
    private static OptionalInt ofTerminal(int which) {
        try {
            Process stty = new ProcessBuilder("stty", "size")
                    .redirectInput(new File("/dev/tty"))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            // Two numbers: too little to fill the pipe, so it ends before it is read.
            if (!stty.waitFor(1, TimeUnit.SECONDS)) {
                stty.destroyForcibly();
                return OptionalInt.empty();
            }
            String size = new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
            String[] both = size.split(" ", 2);
            return both.length == 2 ? number(both[which]) : OptionalInt.empty();
        } catch (IOException e) {
            // Not every system has the program.
            return OptionalInt.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return OptionalInt.empty();
        }
    }

    private static OptionalInt number(String text) {
        if (!text.matches("[0-9]{1,5}")) {
            return OptionalInt.empty();
        }
        int number = Integer.parseInt(text);
        return number > 0 && number <= MOST ? OptionalInt.of(number) : OptionalInt.empty();
    }
}
