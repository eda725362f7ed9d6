package org.registrybbm.migrations.spi;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.internal.failure.DatabaseFailures;
import org.registrybbm.migrations.internal.failure.SqlFailures;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.TransactionSettings;
import org.registrybbm.migrations.internal.registry.RegistryGate;
import org.registrybbm.migrations.internal.retention.FoldQueries;
import org.registrybbm.migrations.internal.retention.RetentionQueries;
import org.registrybbm.migrations.internal.tables.EventQueries;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the engine's tables small. Once a migration has been finished for long enough, its finished batch jobs are folded: neighbours become
 * one batch job, which has the range and the sums of all of them. Its samples, and its events about sizes and takeovers, are deleted. All
 * that people are shown of the migration in sums stays the same, and it can be started and verified again as before.
 *
 * <p>This is done in small steps, each of which is one transaction. One replica of the fleet does it at a time; if that replica dies,
 * another one goes on 30 s later. For use by one thread.
 */
public final class Retention {
    private static final Logger LOGGER = LoggerFactory.getLogger(Retention.class);

    private static final int MOST_AT_ONCE = 2_000;
    private static final int LEAST_AT_ONCE = 100;

    /** After so many steps in a row that met a lock or a limit, the next migration gets its turn. Each of these steps was a smaller one. */
    private static final int MOST_TRIES = 6;

    /** A step that takes longer is followed by smaller ones. While it lasts, whoever changes the status of the migration waits for it. */
    private static final Duration LONG = Duration.ofMillis(200);

    private static final Duration SHORT = LONG.dividedBy(2);

    private final DataSource dataSource;
    private final RegistryGate gate;
    private final Duration age;
    private @Nullable Folding folding;

    /** Those that could not be folded. They come again once none of the others is left. */
    private final Set<Long> leftOut = new HashSet<>();

    private int tries;
    private int atOnce = MOST_AT_ONCE;

    public Retention(DataSource dataSource, Duration age, RegistryGate gate) {
        this.dataSource = dataSource;
        this.age = age;
        this.gate = gate;
    }

    /** What a step leads to. */
    public enum Step {
        /** There is nothing to do now, or another replica is doing it. */
        NOTHING,

        /** Something was done, and there may be more to do. */
        MORE,

        /** Somebody has locked what is to be changed. Nothing was changed. */
        LOCKED
    }

    /** What this replica is folding. */
    private static final class Folding {
        final RetentionQueries.Old migration;

        @Nullable
        Long token;

        FoldQueries.@Nullable Position position;
        long before;
        long folded;

        Folding(RetentionQueries.Old migration) {
            this.migration = migration;
        }
    }

    /** The part of a step that is only true once it is committed. */
    private record Progress(@Nullable Long token, FoldQueries.@Nullable Position position, long folded, boolean done) {}

    /**
     * Does the next small step, if there is anything to do. If there is not, that costs one statement.
     *
     * @throws DatabaseException if the database cannot be reached or a statement fails
     */
    public Step step() {
        if (age.isZero() || !gate.isOpen()) {
            folding = null;
            return Step.NOTHING;
        }
        try {
            if (folding == null) {
                tries = 0;
                folding = Jdbc.shortly(dataSource, connection -> RetentionQueries.due(connection, age, leftOut))
                        .map(Folding::new)
                        .orElse(null);
            }
            if (folding == null) {
                leftOut.clear();
                return Step.NOTHING;
            }
            Step step = step(folding);
            tries = 0;
            return step;
        } catch (SQLException e) {
            if (!SqlFailures.isWorthSmaller(e)) {
                throw DatabaseFailures.of("fold the batch jobs " + leaveOut(SqlFailures.isConnectionLost(e)), e);
            }
            LOGGER.debug("nothing was folded, because of a lock or a time limit", e);
            atOnce = Math.max(LEAST_AT_ONCE, atOnce / 2);
            tries++;
            if (tries >= MOST_TRIES) {
                LOGGER.warn(
                        "the batch jobs {} could not be folded in {} tries, and wait until the others are: {}",
                        leaveOut(false),
                        MOST_TRIES,
                        DatabaseFailures.of("fold them", e).getMessage());
            }
            return Step.LOCKED;
        }
    }

    /**
     * Turns to the next migration, so that one that cannot be folded keeps no other from it. Returns which one it was.
     *
     * @param lost whether the connection is lost, which says nothing about the migration
     */
    private String leaveOut(boolean lost) {
        Folding current = folding;
        folding = null;
        if (current == null) {
            return "of migrations that finished long ago";
        }
        if (!lost) {
            leftOut.add(current.migration.id());
        }
        return "of '" + current.migration.name() + "', which finished more than " + age + " ago";
    }

    private Step step(Folding current) throws SQLException {
        long begin = System.nanoTime();
        Optional<Progress> progress = Jdbc.inTransaction(dataSource, connection -> {
            Jdbc.run(connection, TransactionSettings.AT_ONCE);
            Jdbc.run(connection, TransactionSettings.NOT_FLUSHED_YET);
            return progress(connection, current);
        });
        if (progress.isEmpty()) {
            // Somebody started it again, or another replica has gone on with it while this one was held up.
            folding = null;
            return Step.NOTHING;
        }
        long took = System.nanoTime() - begin;
        if (took > LONG.toNanos()) {
            atOnce = Math.max(LEAST_AT_ONCE, atOnce / 2);
        } else if (took < SHORT.toNanos()) {
            atOnce = Math.min(MOST_AT_ONCE, atOnce * 2);
        }
        current.token = progress.get().token();
        current.position = progress.get().position();
        current.folded += progress.get().folded();
        if (progress.get().done()) {
            folding = null;
            if (current.folded > 0) {
                LOGGER.info(
                        "{} batch jobs of '{}', which finished more than {} ago, were folded into others; sums and ranges stay the same",
                        current.folded,
                        current.migration.name(),
                        age);
            }
        }
        return Step.MORE;
    }

    private Optional<Progress> progress(Connection connection, Folding current) throws SQLException {
        long id = current.migration.id();
        Optional<Long> token = RetentionQueries.hold(connection, id, current.token, age);
        if (token.isEmpty()) {
            return Optional.empty();
        }
        FoldQueries.Position position = current.position;
        if (position == null) {
            position = FoldQueries.first(connection, id);
            current.before = FoldQueries.end(connection, id).orElse(Long.MIN_VALUE);
        }
        Optional<FoldQueries.Folded> folded = FoldQueries.fold(connection, id, position, current.before, atOnce);
        if (folded.isPresent()) {
            return Optional.of(
                    new Progress(token.get(), folded.get().next(), folded.get().count(), false));
        }
        boolean done = RetentionQueries.deleteSamples(connection, id) < RetentionQueries.SAMPLES_AT_ONCE;
        if (done) {
            RetentionQueries.deleteEvents(connection, id);
            if (current.folded > 0) {
                EventQueries.record(
                        connection,
                        id,
                        new EventQueries.Event(
                                "folded",
                                null,
                                current.folded,
                                "its batch jobs were folded, because it finished long ago"));
            }
            RetentionQueries.done(connection, id);
        }
        return Optional.of(new Progress(token.get(), position, 0, done));
    }
}
