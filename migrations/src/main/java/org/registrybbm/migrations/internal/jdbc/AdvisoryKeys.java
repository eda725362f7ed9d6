package org.registrybbm.migrations.internal.jdbc;

/**
 * Keys of the engine's advisory locks, as SQL. A database has one space of keys, while two services may have their tables in two schemas
 * of it: so each key holds the object id of the table that the session sees.
 */
public final class AdvisoryKeys {
    private static final String KEY =
            "hashtextextended('org.registrybbm: %s in ' || 'batched_background_migrations'::regclass::oid::text, %s)";

    /** The key that a sub-batch's transaction holds, for the batch job whose id is put in. */
    public static final String IN_FLIGHT = of("a sub-batch is in flight", "%s");

    private AdvisoryKeys() {}

    /**
     * Returns the key of one of the things that are locked.
     *
     * @param what what the lock is for, in words
     * @param id which of them, as SQL of type bigint
     */
    public static String of(String what, String id) {
        return KEY.formatted(what, id);
    }
}
