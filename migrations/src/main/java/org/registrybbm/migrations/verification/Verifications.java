package org.registrybbm.migrations.verification;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.sql.DataSource;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.failure.UnknownMigrationException;
import org.registrybbm.migrations.internal.tables.Database;
import org.registrybbm.migrations.internal.tables.EventQueries;
import org.registrybbm.migrations.internal.tables.MigrationQueries;
import org.registrybbm.migrations.model.StatusChange.Decider;

/**
 * Records the verifications that replicas were asked for, so that each replica can tell how far one is, and so that no migration is
 * verified twice at a time. It verifies nothing itself. Thread-safe. Every method throws {@link SchemaNotMigratedException} if the tables
 * are missing, and {@link DatabaseException} if the database cannot be reached or a statement fails.
 */
public final class Verifications {
    /** How long a replica may say nothing before its verification counts as lost. */
    public static final Duration SILENCE = Duration.ofSeconds(60);

    private final Database database;

    /** Creates the records of a database. */
    public Verifications(DataSource dataSource) {
        this.database = new Database(dataSource);
    }

    /**
     * The right to verify a migration and to say what came of it.
     *
     * @param migrationId the id of the migration
     * @param run which verification of it this is
     */
    public record Ticket(long migrationId, String run) {}

    /**
     * Records that a verification begins, unless one is under way.
     *
     * @param name the name of the migration
     * @param replica the replica that verifies
     * @param decider who asked for it
     * @return the right to do it; empty if a replica is at it already
     * @throws UnknownMigrationException if there is no migration of that name
     */
    public Optional<Ticket> begin(String name, String replica, Decider decider) {
        return database.change("begin the verification of '" + name + "'", List.of(name), tx -> {
            long id = MigrationQueries.list(tx, List.of(name)).get(0).id();
            Optional<Ticket> ticket =
                    VerificationQueries.begin(tx, id, replica, decider.name()).map(run -> new Ticket(id, run));
            if (ticket.isPresent()) {
                EventQueries.recordDecision(
                        tx,
                        id,
                        null,
                        new EventQueries.Event("verification_started", null, null, decider.reason()),
                        decider);
            }
            return ticket;
        });
    }

    /**
     * Records that the replica is still at it. It should do so at least every 20 s.
     *
     * @param ticket the right to do it
     * @param rowsRead how many rows were looked at so far
     * @return whether the right is still valid; if not, the verification should end
     */
    public boolean goesOn(Ticket ticket, long rowsRead) {
        return database.change(
                "record how far a verification is",
                List.of(),
                tx -> VerificationQueries.goesOn(tx, ticket.migrationId(), ticket.run(), rowsRead));
    }

    /**
     * Records how a verification ended, unless the right to it was lost.
     *
     * @param ticket the right to it
     * @param replica the replica that verified
     * @param rowsRead how many rows were looked at
     * @param result what was found
     * @return whether it was recorded
     */
    public boolean end(Ticket ticket, String replica, long rowsRead, VerificationResult result) {
        return database.change("record how a verification ended", List.of(), tx -> {
            boolean ended = VerificationQueries.end(tx, ticket, rowsRead, result);
            if (ended) {
                String verdict = result.verdict().name().toLowerCase(Locale.ROOT);
                EventQueries.record(
                        tx,
                        ticket.migrationId(),
                        null,
                        replica,
                        new EventQueries.Event(
                                "verification_ended", null, result.left(), verdict + ": " + result.explanation()));
            }
            return ended;
        });
    }

    /**
     * Returns the last verification of a migration that a replica was asked for.
     *
     * @param migrationId the id of the migration
     * @return empty if there was none
     */
    public Optional<Verification> last(long migrationId) {
        return database.read(
                "look for the verification of a batched migration",
                List.of(),
                connection -> VerificationQueries.last(connection, migrationId));
    }
}
