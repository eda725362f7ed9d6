package org.registrybbm.app;

import org.registrybbm.testkit.postgres.TestDatabase;

/** Queues batched migrations of the table {@code things} whose statuses stay as they are until a test changes them. */
record QueuedThings(TestDatabase database) {
    long queue(String name, int status, String signature) {
        return database.number("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name)
                VALUES (?, 1, 1000, 100, ?, ?, 'public.things', 'id')
                RETURNING id
                """, name, status, signature);
    }

    /** Queues one that is active and waits for another one, which is paused. */
    long waiting(String name) {
        queue("later", 0, "copyIt");
        return database.number("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name, run_after)
                VALUES (?, 1, 1000, 100, 1, 'copyIt', 'public.things', 'id', '{later}')
                RETURNING id
                """, name);
    }
}
