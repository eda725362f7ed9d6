package org.registrybbm.testkit;

/**
 * Says when a replica dies.
 *
 * @param moment before or after the commit
 * @param subBatch which of its sub-batches that changed rows, counted from 1
 */
record Death(Moment moment, int subBatch) {
    /** The moment in a sub-batch. */
    enum Moment {
        /** All work was done, and nothing of it is kept. */
        BEFORE_COMMIT,
        /** All work is kept, and the replica does not know it. */
        AFTER_COMMIT
    }
}
