package org.registrybbm.app.internal.database;

import io.dropwizard.lifecycle.Managed;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Keeps the database in use while the server runs, so that an embedded one is not stopped. */
public final class DatabaseUse implements Managed {
    private final Supplier<AutoCloseable> users;
    private @Nullable AutoCloseable use;

    /**
     * Describes how to say that the database is in use.
     *
     * @param users returns a use of the database that lasts until it is closed
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
