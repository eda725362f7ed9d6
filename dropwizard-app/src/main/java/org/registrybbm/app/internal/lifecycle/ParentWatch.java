package org.registrybbm.app.internal.lifecycle;

import java.io.IOException;
import java.io.InputStream;

/** Ends this process when the process that started it ends. The parent holds the other end of this process's standard input. */
public final class ParentWatch {
    /** The environment variable that turns the watch on. */
    public static final String VARIABLE = "REGISTRY_END_WITH_STDIN";

    private ParentWatch() {}

    /** Waits in the background for the end of the input, then shuts this process down. */
    public static void install(InputStream input) {
        Thread thread = new Thread(() -> watch(input), "parent-watch");
        thread.setDaemon(true);
        thread.start();
    }

    private static void watch(InputStream input) {
        try {
            while (input.read() >= 0) {
                // What the parent writes does not matter, only that it is alive.
            }
        } catch (IOException e) {
            // The same as the end of the input.
        }
        System.exit(0);
    }
}
