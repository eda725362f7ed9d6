package org.registrybbm.scheduler.chaos;

/** Statements that give tables other object ids while their rows stay, as a dump that is restored does. */
final class Restore {
    private static final String BEGIN = """
            BEGIN;
            SET LOCAL lock_timeout = '1s';
            LOCK TABLE batched_background_migrations IN ACCESS EXCLUSIVE MODE;
            LOCK TABLE %1$s IN ACCESS EXCLUSIVE MODE;
            LOCK TABLE batched_background_migration_walks IN ACCESS EXCLUSIVE MODE;
            LOCK TABLE batched_background_migration_tallies IN ACCESS EXCLUSIVE MODE;
            """;

    // The last partition first, so that the new object ids are in another order.
    private static final String PARTITION = """
            CREATE TABLE public.chaos_anew (LIKE %1$s_p%2$d INCLUDING ALL);
            INSERT INTO public.chaos_anew SELECT * FROM %1$s_p%2$d;
            ALTER TABLE %1$s DETACH PARTITION %1$s_p%2$d;
            DROP TABLE %1$s_p%2$d;
            ALTER TABLE public.chaos_anew RENAME TO %3$s_p%2$d;
            ALTER TABLE %1$s ATTACH PARTITION %1$s_p%2$d FOR VALUES WITH (MODULUS 4, REMAINDER %2$d);
            """;

    private static final String WALKS = """
            CREATE TABLE public.chaos_walks (LIKE batched_background_migration_walks INCLUDING ALL);
            INSERT INTO public.chaos_walks SELECT * FROM batched_background_migration_walks;
            SELECT setval(pg_get_serial_sequence('public.chaos_walks', 'id'), 1 + max(id)) FROM public.chaos_walks;
            ALTER TABLE public.chaos_walks
                ADD FOREIGN KEY (batched_background_migration_id)
                REFERENCES batched_background_migrations (id) ON DELETE CASCADE;
            ALTER TABLE batched_background_migration_tallies
                DROP CONSTRAINT fk_batched_background_migration_tallies_walk_id_walks;
            DROP TABLE batched_background_migration_walks;
            ALTER TABLE public.chaos_walks RENAME TO batched_background_migration_walks;
            ALTER TABLE batched_background_migration_tallies
                ADD CONSTRAINT fk_batched_background_migration_tallies_walk_id_walks
                FOREIGN KEY (walk_id) REFERENCES batched_background_migration_walks (id) ON DELETE CASCADE;
            COMMIT
            """;

    private Restore() {}

    static String of(String table) {
        StringBuilder sql = new StringBuilder(BEGIN.formatted(table));
        for (int i = 3; i >= 0; i--) {
            sql.append(PARTITION.formatted(table, i, table.substring(table.indexOf('.') + 1)));
        }
        return sql.append(WALKS).toString();
    }
}
