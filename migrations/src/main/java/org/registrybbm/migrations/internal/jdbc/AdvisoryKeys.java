package org.registrybbm.migrations.internal.jdbc;

/**
 * Keys of the engine's advisory locks, as SQL. A database has one space of keys, but two services may have their tables in two of its
 * schemas. So each key contains the object id of the table that the session sees.
 */
public final class AdvisoryKeys {
    private static final String KEY =
            "hashtextextended('org.registrybbm: %s in ' || 'batched_background_migrations'::regclass::oid::text, %s)";

    /** The key that the transaction of a sub-batch holds. The id of the batch job is to be put in. */
    public static final String IN_FLIGHT = of("a sub-batch is in flight", "%s");

    private AdvisoryKeys() {}

    /**
     * Returns the key of a lock.
     *
     * @param what what the lock is for, in words
     * @param id which one of these things, as SQL of type bigint
     */
    public static String of(String what, String id) {
        return KEY.formatted(what, id);
    }
}
