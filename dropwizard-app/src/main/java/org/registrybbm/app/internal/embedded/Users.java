package org.registrybbm.app.internal.embedded;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;

/** Counts how many parts of this process still need the database. */
final class Users {
    private static final Duration PATIENCE = Duration.ofSeconds(7);

    @GuardedBy("this")
    private int count;

    synchronized AutoCloseable add() {
        count++;
        boolean[] gone = new boolean[1];
        return () -> remove(gone);
    }

    private synchronized void remove(boolean[] gone) {
        if (!gone[0]) {
            gone[0] = true;
            count--;
            notifyAll();
        }
    }

    /** Waits until nobody needs the database, for 7 s at most. */
    synchronized void awaitNone() {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        long left = PATIENCE.toMillis();
        try {
            while (count > 0 && left > 0) {
                wait(left);
                left = (deadline - System.nanoTime()) / 1_000_000;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
