package org.registrybbm.testkit;

/**
 * When a replica dies.
 *
 * @param moment before or after the commit
 * @param subBatch of its sub-batches that changed rows, from 1
 */
record Death(Moment moment, int subBatch) {
    /** Where in a sub-batch. */
    enum Moment {
        /** All was done and nothing is kept. */
        BEFORE_COMMIT,
        /** All is kept and the replica does not know. */
        AFTER_COMMIT
    }
}
