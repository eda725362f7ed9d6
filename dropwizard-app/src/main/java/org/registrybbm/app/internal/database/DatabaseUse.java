package org.registrybbm.app.internal.database;

import io.dropwizard.lifecycle.Managed;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Holds on to the database while the server runs. */
public final class DatabaseUse implements Managed {
    private final Supplier<AutoCloseable> users;
    private @Nullable AutoCloseable use;

    /**
     * Describes what is held on to.
     *
     * @param users gives a use that lasts until it is closed
     */
    public DatabaseUse(Supplier<AutoCloseable> users) {
        this.users = users;
    }

    @Override
    public synchronized void start() {
        use = users.get();
    }

    @Override
    public synchronized void stop() throws Exception {
        AutoCloseable held = use;
        if (held != null) {
            held.close();
        }
    }
}
