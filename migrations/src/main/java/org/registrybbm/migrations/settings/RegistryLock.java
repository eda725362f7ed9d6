package org.registrybbm.migrations.settings;

/**
 * Whether a replica keeps the container registry's own workers out while it lives. Their software takes one advisory lock of the
 * database, whose key is 1, before it touches a batched migration; a replica that holds the same lock in shared mode makes them stand
 * still, and any number of replicas can hold it together.
 */
public enum RegistryLock {
    /** The lock is held where the container registry's tables were taken over, and nowhere else. */
    AUTO,
    /** The lock is held in any case. */
    ON,
    /** The lock is never held: nothing else that works on the tables may run beside the replicas. */
    OFF
}
