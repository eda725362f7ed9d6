package org.registrybbm.migrations.liquibase;

import java.sql.Array;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import liquibase.changelog.ChangeSet;
import liquibase.changelog.ChangeSet.RunStatus;
import liquibase.changelog.DatabaseChangeLog;
import liquibase.changelog.visitor.AbstractChangeExecListener;
import liquibase.database.Database;
import liquibase.database.jvm.JdbcConnection;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.failure.UnknownMigrationException;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the migrations of small tables during an update, so that a database that was just created, with a few rows that its changelog
 * inserted, is done with all data changes at once: the gates of later changesets pass, and nothing is left for the replicas. Those that the
 * next changeset asks for are run before it, because only then is everything there that comes before the gate; all others are run at the
 * end.
 *
 * <p>It runs what the replicas would run anyway, as they would, and shares it with those that are there. It takes only active migrations
 * whose work function and strategy the engine has, over tables that hold at most {@link #MOST_BYTES} together with their partitions, and
 * that no budget stops. Whatever goes wrong with one is for its gate to tell. Empty tables are none of its business, as SQL alone finishes
 * their migrations.
 */
public final class SmallTables extends AbstractChangeExecListener {
    /** How large a table may be, in bytes of its rows: some ten thousand to some hundred thousand rows, or a few seconds of work. */
    public static final long MOST_BYTES = 16L << 20;

    private static final Logger LOGGER = LoggerFactory.getLogger(SmallTables.class);

    // Somebody may hold the lock of a table for long, and a look at its size takes one.
    private static final String SHORTLY = """
            SET LOCAL lock_timeout = '100ms'
            """;

    // The name of a table may be anything, and what is no name is for the engine to refuse.
    private static final String SMALL = """
            SELECT m.name
            FROM batched_background_migrations m
            WHERE m.status IN (1, 4)
                AND m.job_signature_name = ANY (?::text[])
                AND (m.batching_strategy IS NULL OR m.batching_strategy ~ '^(NullKeySet|Predicate|Block)BatchingStrategy$')
                AND (?::text[] IS NULL OR m.name = ANY (?::text[]))
                -- What the container registry's own software has begun is not run between two schema changes.
                AND NOT EXISTS (
                    SELECT
                    FROM batched_background_migration_jobs j
                    WHERE j.batched_background_migration_id = m.id
                        AND j.walk_id IS NULL
                )
                AND NOT EXISTS (
                    SELECT
                    FROM batched_background_migration_budgets b
                    WHERE b.batch_jobs = 0
                        AND (b.scope = 'fleet' OR b.subject IN ('*', m.name, m.table_name))
                )
                AND CASE WHEN m.table_name ~ '^("([^"]|"")+"|[a-z_][a-z0-9_$]*)[.]("([^"]|"")+"|[a-z_][a-z0-9_$]*)$' THEN (
                    SELECT sum(pg_relation_size(leaf))
                    FROM batched_migration_leaves(to_regclass(m.table_name)) AS leaf
                ) BETWEEN 1 AND ? END
            ORDER BY m.id
            """;

    private final BatchedMigrations engine;
    private final Duration longest;
    private final Consumer<String> tell;
    private final Set<String> tried = new HashSet<>();

    /**
     * Creates the listener of one update.
     *
     * @param engine with which migrations are run
     * @param longest how long they may take before a changeset, and at the end; what is left then is for the replicas
     * @param tell is told in a line what was run
     */
    public SmallTables(BatchedMigrations engine, Duration longest, Consumer<String> tell) {
        this.engine = engine;
        this.longest = longest;
        this.tell = tell;
    }

    @Override
    public void willRun(ChangeSet changeSet, DatabaseChangeLog changelog, Database database, RunStatus status) {
        if (Gates.mayHave(changeSet)) {
            run(database, changeSet);
        }
    }

    /** Runs what the changesets have queued, whoever asks for it. Liquibase tells of the next changeset, but not that there is none. */
    public void run(Database database) {
        run(database, null);
    }

    private void run(Database database, @Nullable ChangeSet next) {
        try {
            if (database.getConnection() instanceof JdbcConnection open && isMigrated()) {
                List<String> small = small(open.getUnderlyingConnection(), next);
                tried.addAll(small);
                if (!small.isEmpty()) {
                    run(small);
                }
            }
        } catch (SQLException | DatabaseException e) {
            LOGGER.warn("the batched migrations of small tables are left to the replicas: {}", e.getMessage());
        }
    }

    private void run(List<String> small) {
        long end = System.nanoTime() + longest.toNanos();
        // Only now, as an empty database has no tables yet that it would be present on.
        engine.presence().start(() -> {});
        try {
            RunResult result = engine.runActive(small, () -> System.nanoTime() >= end);
            result.finished()
                    .forEach(one ->
                            tell.accept("batched migration '" + one.name() + "' was run, as its table is small"));
            result.failed().forEach(one -> tell.accept("batched migration '" + one.name() + "' was run and failed"));
            result.unfinished()
                    .forEach(one -> tell.accept("batched migration '" + one.name() + "' is left to the replicas"));
        } catch (UnknownMigrationException e) {
            LOGGER.info("a batched migration was deleted before it was run", e);
        }
    }

    /** The changelog of the engine itself is made of changesets too. */
    private boolean isMigrated() {
        try {
            engine.store().requireSchema();
            return true;
        } catch (SchemaNotMigratedException e) {
            return false;
        }
    }

    /** Returns the migrations that are to be run: those that a changeset asks for, or all if there is no changeset. */
    private List<String> small(Connection connection, @Nullable ChangeSet next) throws SQLException {
        Array known = connection.createArrayOf(
                "text", engine.workRegistry().signatures().toArray());
        boolean auto = connection.getAutoCommit();
        connection.setAutoCommit(false);
        try {
            Array wanted = next == null
                    ? null
                    : connection.createArrayOf(
                            "text", Gates.of(next, connection).toArray());
            Jdbc.run(connection, SHORTLY);
            return Jdbc.list(connection, SMALL, row -> row.getString("name"), known, wanted, wanted, MOST_BYTES)
                    .stream()
                    .filter(name -> !tried.contains(name))
                    .toList();
        } finally {
            // An open transaction would keep vacuum from its work.
            connection.rollback();
            connection.setAutoCommit(auto);
        }
    }
}
