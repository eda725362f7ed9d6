package org.registrybbm.app.internal.webhook;

/** Counts what becomes of tries. */
public interface Outcomes {
    /** Counts nothing. */
    Outcomes IGNORED = new Outcomes() {
        @Override
        public void delivered() {}

        @Override
        public void failed() {}

        @Override
        public void givenUp() {}
    };

    /** A message was delivered. */
    void delivered();

    /** A try failed. */
    void failed();

    /** A message will not be tried again. */
    void givenUp();
}
