package org.registrybbm.migrations.request;

import java.time.Duration;
import java.util.List;
import javax.sql.DataSource;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.internal.tables.Database;

/**
 * Remembers requests by keys, for all replicas, so that a program that heard no answer can send the same request again. Thread-safe. Every
 * method throws {@link SchemaNotMigratedException} if the tables are missing, and {@link DatabaseException} if the database cannot be
 * reached or a statement fails.
 *
 * <p>A claim, what the request changes, and the answer are three transactions. If the replica dies before the third, nobody knows whether
 * the second was committed. The key counts as in progress for {@link #IN_PROGRESS} then, and after that the same request is done again.
 */
public final class RequestKeys {
    /** How long an answer is kept, unless {@link #MOST} are newer. */
    public static final Duration KEPT = Duration.ofHours(24);

    /** How many answers are kept for one actor, about. */
    public static final int MOST = 1_000;

    /** How long a request without an answer counts as in progress. It takes seconds at most. */
    public static final Duration IN_PROGRESS = Duration.ofSeconds(60);

    private final Database database;

    /** Creates the memory of a database. */
    public RequestKeys(DataSource dataSource) {
        this.database = new Database(dataSource);
    }

    /**
     * Claims a key for a request.
     *
     * @param actor who sends it; keys of different actors are different
     * @param key the key
     * @param fingerprint tells this request from others
     */
    public Claim claim(String actor, String key, String fingerprint) {
        return database.change("look for the key of a request", List.of(), tx -> {
            Claim claim = RequestKeyQueries.claim(tx, actor, key, fingerprint);
            if (claim instanceof Claim.Mine) {
                RequestKeyQueries.thin(tx, actor);
            }
            return claim;
        });
    }

    /**
     * Records the answer to a request.
     *
     * @return false if the claim is no longer valid, because it was older than {@link #IN_PROGRESS} and somebody else has the key now
     */
    public boolean answer(Claim.Mine claim, Answer answer) {
        return database.change(
                "record the answer to a request", List.of(), tx -> RequestKeyQueries.answer(tx, claim, answer));
    }

    /** Makes the key free again, because nothing came of the request. */
    public void release(Claim.Mine claim) {
        boolean unused =
                database.change("release the key of a request", List.of(), tx -> RequestKeyQueries.release(tx, claim));
    }
}
