package org.registrybbm.app;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.event.MigrationEvent;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchSizing;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.JobStatus;
import org.registrybbm.migrations.model.Key;
import org.registrybbm.migrations.model.KeyBounds;
import org.registrybbm.migrations.model.MigrationDefinition;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.Timeline;

/** Rows and events for tests that need no database. */
public final class Samples {
    public static final String REPLICA = "replica-1";
    public static final Failure FAILURE = new Failure(
            FailureCode.UNKNOWN,
            "org.postgresql.util.PSQLException",
            "23505",
            "ERROR: duplicate key value violates unique constraint \"u\"\n  Detail: Key (email)=(jane@example.org) already exists.");

    private static final Timeline VERIFIED = new Timeline(null, null, Instant.parse("2026-01-02T03:04:05.678Z"), null);

    private Samples() {}

    public static BatchedMigration migration(long id, String name) {
        return migration(id, name, MigrationStatus.RUNNING, null);
    }

    public static BatchedMigration migration(long id, String name, MigrationStatus status, @Nullable Failure failure) {
        return new BatchedMigration(
                id,
                name,
                status,
                new MigrationDefinition("copyIt", null, "public.manifests", "id", null),
                new KeyBounds(1, 1000),
                BatchSizing.startingWith(500),
                100,
                2000L,
                Timeline.EMPTY,
                failure);
    }

    public static BatchedMigration finished(String name, boolean verified) {
        BatchedMigration running = migration(1, name, MigrationStatus.FINISHED, null);
        return new BatchedMigration(
                running.id(),
                running.name(),
                running.status(),
                running.definition(),
                running.bounds(),
                running.sizing(),
                running.quarantineLimit(),
                running.totalTupleCount(),
                verified ? VERIFIED : Timeline.EMPTY,
                running.failure());
    }

    public static BatchJob job(long id, long migrationId, int attempts) {
        return new BatchJob(
                id,
                migrationId,
                null,
                BatchJob.Range.between(1, 500),
                JobStatus.ACTIVE,
                attempts,
                Key.of(250),
                50,
                250,
                240,
                REPLICA,
                0);
    }

    public static MigrationEvent.BatchFailed failed(long migrationId, String name, Failure failure, boolean exhausted) {
        return new MigrationEvent.BatchFailed(
                migration(migrationId, name),
                job(7, migrationId, 5),
                REPLICA,
                failure,
                exhausted,
                Duration.ofSeconds(1));
    }
}
