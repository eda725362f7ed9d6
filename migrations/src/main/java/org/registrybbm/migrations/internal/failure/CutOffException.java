package org.registrybbm.migrations.internal.failure;

import java.time.Duration;

/** Thrown when a sub-batch ran past its time limit and was cut off. */
public final class CutOffException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public CutOffException(Duration limit, Throwable cause) {
        super("the sub-batch ran past its limit of " + limit.toSeconds() + " s and was cut off", cause);
    }
}
