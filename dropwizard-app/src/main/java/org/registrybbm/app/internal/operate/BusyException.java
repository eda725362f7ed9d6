package org.registrybbm.app.internal.operate;

/** Thrown when something cannot be done now, because this replica does something else or stops. Nothing was done. */
public final class BusyException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BusyException(String message) {
        super(message);
    }
}
