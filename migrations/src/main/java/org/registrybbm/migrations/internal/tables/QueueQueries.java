package org.registrybbm.migrations.internal.tables;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.model.BatchSizing;
import org.registrybbm.migrations.model.MigrationDefinition;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.NewBatchedMigration;

/** Statements that queue a migration, and that compare a definition with the migration that already has its name. */
public final class QueueQueries {
    private static final String QUEUE = """
            INSERT INTO batched_background_migrations
                (name, status, job_signature_name, arguments, table_name, column_name, batching_strategy, min_value,
                 max_value, batch_size, batch_size_fixed, batch_size_min, batch_size_max, sub_batch_size_min,
                 sub_batch_size_max, priority, quarantine_limit, run_after)
            VALUES (?, ?, ?, ?::jsonb, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?::text[], '{}'))
            """;

    private static final String QUEUE_ONE = QUEUE + "RETURNING id";

    private static final String QUEUE_IF_ABSENT = QUEUE + """
            ON CONFLICT (name) DO NOTHING
            RETURNING id
            """;

    // The parts of a definition in which the migration of that name differs.
    private static final String DIFFERENCES = """
            SELECT concat_ws(', ',
                CASE WHEN job_signature_name <> ? THEN 'job_signature_name is ' || job_signature_name END,
                CASE WHEN arguments IS DISTINCT FROM ?::jsonb
                    THEN 'arguments is ' || coalesce(arguments::text, 'NULL') END,
                CASE WHEN table_name <> ? THEN 'table_name is ' || table_name END,
                CASE WHEN column_name <> ? THEN 'column_name is ' || column_name END,
                CASE WHEN batching_strategy IS DISTINCT FROM ?
                    THEN 'batching_strategy is ' || coalesce(batching_strategy, 'NULL') END) AS differences
            FROM batched_background_migrations
            WHERE name = ?
            """;

    private QueueQueries() {}

    /** Queues a migration and returns its id. */
    public static long queue(Connection connection, NewBatchedMigration migration) throws SQLException {
        return Jdbc.one(connection, QUEUE_ONE, row -> row.getLong("id"), values(migration));
    }

    /** Queues a migration and returns its id; empty if there is one of that name already. */
    public static Optional<Long> queueIfAbsent(Connection connection, NewBatchedMigration migration)
            throws SQLException {
        return Jdbc.first(connection, QUEUE_IF_ABSENT, row -> row.getLong("id"), values(migration));
    }

    private static @Nullable Object[] values(NewBatchedMigration migration) {
        MigrationDefinition definition = migration.definition();
        BatchSizing sizing = migration.sizing();
        NewBatchedMigration.Options options = migration.options();
        MigrationStatus status = options.paused() ? MigrationStatus.PAUSED : MigrationStatus.ACTIVE;
        return new @Nullable Object[] {
            migration.name(),
            status.code(),
            definition.signature(),
            definition.arguments(),
            definition.table(),
            definition.column(),
            definition.strategy(),
            migration.bounds().first(),
            migration.bounds().last(),
            sizing.first(),
            sizing.fixed(),
            sizing.batches().least(),
            sizing.batches().most(),
            sizing.subBatches().least(),
            sizing.subBatches().most(),
            options.priority(),
            options.quarantineLimit(),
            options.runAfter().toArray(String[]::new)
        };
    }

    /**
     * Returns the columns in which the migration of a name has another definition, with their values there; an empty text if there are
     * none.
     */
    public static String differences(Connection connection, String name, MigrationDefinition definition)
            throws SQLException {
        return Jdbc.first(
                        connection,
                        DIFFERENCES,
                        row -> row.getString("differences"),
                        definition.signature(),
                        definition.arguments(),
                        definition.table(),
                        definition.column(),
                        definition.strategy(),
                        name)
                .orElse("");
    }
}
