package org.registrybbm.app.internal.access;

import java.time.Instant;

/** The time of day of this machine, by which tokens expire. Everything else goes by the database's clock. */
@FunctionalInterface
public interface WallClock {
    /** The clock of this machine. */
    WallClock MACHINE = Instant::now;

    /** Returns the time. */
    Instant now();
}
