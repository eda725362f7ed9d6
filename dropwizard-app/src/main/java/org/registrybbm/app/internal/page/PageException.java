package org.registrybbm.app.internal.page;

/** Ends a request with a view that says why. */
final class PageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;

    PageException(int status, String message) {
        super(message);
        this.status = status;
    }

    int status() {
        return status;
    }
}
