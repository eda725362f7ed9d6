package org.registrybbm.app.internal.lifecycle;

import java.io.IOException;
import java.io.InputStream;

/** Ends this process with the one that started it, which holds the other end of its standard input. */
public final class ParentWatch {
    /** The environment variable that asks for it. */
    public static final String VARIABLE = "REGISTRY_END_WITH_STDIN";

    private ParentWatch() {}

    /** Waits in the background for the end of the input, then ends this process in order. */
    public static void install(InputStream input) {
        Thread thread = new Thread(() -> watch(input), "parent-watch");
        thread.setDaemon(true);
        thread.start();
    }

    private static void watch(InputStream input) {
        try {
            while (input.read() >= 0) {
                // What the parent says does not matter, only that it is there.
            }
        } catch (IOException e) {
            // As good as the end.
        }
        System.exit(0);
    }
}
