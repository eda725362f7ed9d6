package org.registrybbm.app.demo;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.sql.DataSource;

/**
 * Creates the rows of the demo and counts how they are changed.
 *
 * @param dataSource connections to its database
 */
record DemoData(DataSource dataSource) {
    // Changed rows are counted once for each statement, in its transaction. This is cheap, and a rollback takes back
    // the count together with the change.
    private static final String COUNTING = """
            CREATE TABLE demo_changes (changed_table text NOT NULL, changed_rows bigint NOT NULL);

            CREATE FUNCTION demo_count_changes() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO demo_changes SELECT TG_ARGV[0], count(*) FROM changed;
                RETURN NULL;
            END
            $$;

            DO $$
            DECLARE
                part record;
            BEGIN
                FOR part IN
                    SELECT c.oid::regclass AS name, split_part(c.relname, '_', 1) AS kind
                    FROM pg_class c
                    WHERE c.oid IN ('public.manifests'::regclass, 'public.blobs'::regclass)
                        OR c.oid IN (SELECT inhrelid FROM pg_inherits
                            WHERE inhparent IN ('public.manifests'::regclass, 'public.blobs'::regclass))
                LOOP
                    EXECUTE format(
                        'CREATE TRIGGER demo_count_changes AFTER UPDATE ON %s REFERENCING NEW TABLE AS changed
                            FOR EACH STATEMENT EXECUTE FUNCTION demo_count_changes(%L)',
                        part.name, part.kind);
                END LOOP;
            END
            $$;
            """;

    // The trigger that converts new rows is off, so that these rows look older than it and need the migration.
    private static final String OLD_ROWS = """
            ALTER TABLE public.manifests DISABLE TRIGGER USER
            """;

    private static final String NEW_ROWS = """
            ALTER TABLE public.manifests ENABLE TRIGGER USER
            """;

    private static final String MANIFESTS = """
            INSERT INTO public.manifests
                (top_level_namespace_id, repository_id, schema_version, media_type_id, digest, payload, total_size)
            SELECT n % 997 + 1, n % 9973 + 1, 2, n % 11 + 1, int8send(n), '{}', n
            FROM generate_series(1::bigint, ?) AS n
            """;

    // The digest is not a real one, but it is spread as evenly. A sha256 of each row would take longer than the
    // migration.
    private static final String BLOBS = """
            INSERT INTO public.blobs (size, media_type_id, digest, id)
            SELECT n, n % 11 + 1, decode(md5(n::text), 'hex') || int8send(n), NULL
            FROM generate_series(1::bigint, ?) AS n
            """;

    // The tables were empty when the migrations were queued, so these were finished at once. Here the rows are the
    // older
    // ones.
    private static final String WAITING_MIGRATIONS = """
            UPDATE batched_background_migrations
            SET status = 0, -- paused
                finished_at = NULL,
                verified_at = NULL,
                verifiable = NULL,
                total_tuple_count = NULL
            WHERE started_at IS NULL
            """;

    private static final String WRONG = """
            SELECT 'manifests: rows', count(*) <> ?, count(*) FROM public.manifests
            UNION ALL
            SELECT 'manifests: rows not converted', count(*) <> 0, count(*) FROM public.manifests
            WHERE media_type_id_convert_to_bigint IS DISTINCT FROM media_type_id
            UNION ALL
            SELECT 'blobs: rows', count(*) <> ?, count(*) FROM public.blobs
            UNION ALL
            SELECT 'blobs: rows without id', count(*) <> 0, count(*) FROM public.blobs WHERE id IS NULL
            UNION ALL
            SELECT 'blobs: different ids', count(DISTINCT id) <> ?, count(DISTINCT id) FROM public.blobs
            UNION ALL
            SELECT kind || ': rows changed', coalesce(sum(changed_rows), 0) <> ?, coalesce(sum(changed_rows), 0)
            FROM (VALUES ('manifests'), ('blobs')) AS kinds (kind)
            LEFT JOIN demo_changes ON changed_table = kind
            GROUP BY kind
            """;

    private static final String BATCHES = """
            SELECT coalesce(j.lease_owner, ''), count(*)
            FROM batched_background_migration_jobs j
            JOIN batched_background_migrations m ON m.id = j.batched_background_migration_id
            WHERE m.job_signature_name = ?
                AND j.status = 2
            GROUP BY 1
            """;

    private static final String SECONDS = """
            SELECT extract(epoch FROM max(finished_at) - min(started_at))
            FROM batched_background_migrations
            WHERE job_signature_name = ?
            """;

    /** Creates the rows of both tables. */
    void make(long rows) throws SQLException {
        execute(OLD_ROWS);
        insert(MANIFESTS, rows);
        execute(NEW_ROWS);
        insert(BLOBS, rows);
        execute("ANALYZE public.manifests, public.blobs");
        execute(WAITING_MIGRATIONS);
        execute(COUNTING);
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private void insert(String sql, long rows) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setLong(1, rows);
            statement.executeUpdate();
        }
    }

    /**
     * Checks every row. Every row had to be changed, and as many changes were committed as there are rows, so each row was changed exactly
     * once.
     *
     * @return what is wrong; empty when all is right
     */
    List<String> wrong(long rows) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement = connection.prepareStatement(WRONG)) {
            for (int i = 1; i <= 4; i++) {
                statement.setLong(i, rows);
            }
            List<String> wrong = new java.util.ArrayList<>();
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    if (row.getBoolean(2)) {
                        wrong.add(row.getString(1) + ": " + row.getLong(3));
                    }
                }
            }
            return wrong;
        }
    }

    /** Returns how many batch jobs each replica finished. */
    Map<String, Long> batches(String signature) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement = connection.prepareStatement(BATCHES)) {
            statement.setString(1, signature);
            Map<String, Long> batches = new TreeMap<>();
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    batches.put(row.getString(1), row.getLong(2));
                }
            }
            return batches;
        }
    }

    /** Returns how long the migrations of a work function took, from the first start to the last end. */
    double seconds(String signature) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement = connection.prepareStatement(SECONDS)) {
            statement.setString(1, signature);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? row.getDouble(1) : 0;
            }
        }
    }

    /** Returns how many replicas have joined the cluster. */
    int joined() throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT count(*) FROM qrtz_scheduler_state")) {
            return row.next() ? row.getInt(1) : 0;
        }
    }
}
