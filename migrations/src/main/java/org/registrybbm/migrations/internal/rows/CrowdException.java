package org.registrybbm.migrations.internal.rows;

import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;

/**
 * Thrown when a sub-batch has more rows than may be listed in memory, and its table has no key by whose order they could be taken in parts.
 * Fewer rows at a time may help, unless all of them share one key.
 */
public final class CrowdException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CrowdException(String table, int most) {
        super("more than " + most + " rows of " + table
                + " share one key, and the engine has to tell them apart because one of them fails"
                + " or is not done; the table has no primary key whose type has an order by which they could be taken in parts."
                + " Give it a primary key of a type such as bigint, uuid or text, or walk a unique key, and retry");
    }

    /** Returns the failure to record. */
    public Failure failure() {
        return Failure.of(FailureCode.UNKNOWN, String.valueOf(getMessage()));
    }
}
