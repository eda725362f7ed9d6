package org.registrybbm.migrations.internal.tables;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Each statement of the engine that sets a status is run from each status: together they make the moves of the model, and no others. */
@ExtendWith(PostgresExtension.class)
class StatusMovesTest {
    @FunctionalInterface
    private interface Move {
        void on(Connection connection, long id) throws SQLException;
    }

    private static final Map<String, Move> MOVES = Map.of(
            "startRunning", MigrationQueries::startRunning,
            "finish", (connection, id) -> MigrationQueries.finish(connection, id, true),
            "fail",
                    (connection, id) -> MigrationQueries.fail(
                            connection, id, Failure.of(FailureCode.MAX_JOB_RETRY, "it never works")),
            "forgetFailure", MigrationQueries::forgetFailure,
            "reopen", MigrationQueries::reopen,
            "retryWithCode", MigrationQueries::retryWithCode,
            "retry", MigrationQueries::retry,
            "setVerified", MigrationQueries::setVerified,
            "contradiction", Contradictions::reopen);

    @BeforeEach
    void migration(TestDatabase database) {
        database.execute("""
                INSERT INTO batched_background_migrations
                    (id, name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name)
                VALUES (1, 'm', 1, 10, 5, 1, 'copyColumn', 'public.t', 'id');
                INSERT INTO batched_background_migration_walks
                    (id, batched_background_migration_id, kind, pass, table_oid, table_name, only_table)
                VALUES (1, 1, 'change', 1, 1, 'public.t', true);
                INSERT INTO batched_background_migration_jobs
                    (batched_background_migration_id, walk_id, min_value, max_value, status)
                VALUES (1, 1, 1, 5, 1)
                """);
    }

    @Test
    void areThoseOfTheModel(TestDatabase database) throws SQLException {
        Set<String> moves = new TreeSet<>();
        for (Move move : MOVES.values()) {
            for (MigrationStatus from : MigrationStatus.values()) {
                MigrationStatus to = after(database, from, move);
                if (to != from) {
                    moves.add(from.word() + " to " + to.word());
                }
            }
        }

        Set<String> ofTheModel = new TreeSet<>();
        for (MigrationStatus from : MigrationStatus.values()) {
            for (MigrationStatus to : MigrationStatus.values()) {
                if (from.engineMayMoveTo(to)) {
                    ofTheModel.add(from.word() + " to " + to.word());
                }
            }
        }
        assertThat(moves).isEqualTo(ofTheModel);
    }

    /** Of a migration that failed for want of its code, and has a batch job that is not done: nothing else keeps a statement from it. */
    private static MigrationStatus after(TestDatabase database, MigrationStatus from, Move move) throws SQLException {
        database.execute("""
                UPDATE batched_background_migrations
                SET status = %d, failure_error_code = 3, failure_message = 'no code', finished_at = now()
                """.formatted(from.code()));
        try (Connection connection = database.getConnection()) {
            move.on(connection, 1);
        }
        return MigrationStatus.of((int) database.number("SELECT status FROM batched_background_migrations"));
    }
}
