package org.registrybbm.migrations.settings;

/**
 * Whether a replica keeps the container registry's own workers out while it lives. Their software takes the advisory lock with the key 1
 * before it touches a batched migration. While a replica holds the same lock in shared mode, those workers stand still. Any number of
 * replicas can hold it together.
 */
public enum RegistryLock {
    /** The lock is held only on a database whose tables were taken over from the container registry. */
    AUTO,
    /** The lock is always held. */
    ON,
    /** The lock is never held. You must make sure that no other software works on the tables beside the replicas. */
    OFF
}
