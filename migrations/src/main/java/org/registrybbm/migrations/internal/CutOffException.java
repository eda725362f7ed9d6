package org.registrybbm.migrations.internal;

import java.time.Duration;

/** Says that a sub-batch ran past its time limit and was cut off. */
final class CutOffException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CutOffException(Duration limit, Throwable cause) {
        super("the sub-batch ran past its limit of " + limit.toSeconds() + " s and was cut off", cause);
    }
}
