package org.registrybbm.migrations.request;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A request with a key is done once, whoever is asked, and not remembered for ever. */
@ExtendWith(PostgresExtension.class)
class RequestKeysTest {
    private static final Answer DONE = new Answer(200, null, "{}");

    private final TestDatabase database;
    private final RequestKeys keys;

    RequestKeysTest(TestDatabase database) {
        this.database = database;
        this.keys = new RequestKeys(database);
    }

    @BeforeEach
    void clean() {
        database.execute("DELETE FROM batched_background_migration_request_keys");
    }

    private Claim.Mine mine(String actor, String key) {
        Claim claim = keys.claim(actor, key, "print");
        assertThat(claim).isInstanceOf(Claim.Mine.class);
        return (Claim.Mine) claim;
    }

    @Test
    void tellsWhatBecameOfARequest() {
        Claim.Mine claim = mine("jane", "k");

        assertThat(keys.claim("jane", "k", "print")).isInstanceOf(Claim.InProgress.class);
        assertThat(keys.claim("jane", "k", "other")).isInstanceOf(Claim.OtherRequest.class);
        assertThat(mine("rita", "k").key()).isEqualTo("k");
        assertThat(keys.answer(claim, DONE)).isTrue();
        assertThat(keys.claim("jane", "k", "print")).isEqualTo(new Claim.Answered(DONE));
        assertThat(keys.claim("jane", "k", "other")).isInstanceOf(Claim.OtherRequest.class);
    }

    @Test
    void isFreeAgainOnceItIsReleased() {
        keys.release(mine("jane", "k"));

        assertThat(mine("jane", "k").key()).isEqualTo("k");
    }

    @Test
    void isTakenOverFromAReplicaThatDied() {
        Claim.Mine dead = mine("jane", "k");
        database.execute("UPDATE batched_background_migration_request_keys SET created_at = now() - interval '61 s'");

        Claim.Mine next = mine("jane", "k");

        assertThat(keys.answer(dead, DONE)).isFalse();
        assertThat(keys.answer(next, DONE)).isTrue();
    }

    @Test
    void forgetsOldOnesAndKeepsAThousandOfEach() {
        database.execute("""
                INSERT INTO batched_background_migration_request_keys (actor, key, fingerprint, status, body, created_at)
                SELECT 'jane', n, 'print', 200, '{}', now() - make_interval(secs => n) FROM generate_series(1, 1100) AS n
                UNION ALL
                SELECT 'rita', n, 'print', 200, '{}', now() - make_interval(hours => n) FROM generate_series(20, 30) AS n
                """);

        assertThat(mine("jane", "new").key()).isEqualTo("new");

        assertThat(database.number(
                        "SELECT count(*) FROM batched_background_migration_request_keys WHERE actor = 'jane'"))
                .isEqualTo(1000);
        assertThat(database.number(
                        "SELECT min(key::int) FROM batched_background_migration_request_keys WHERE actor = 'rita'"))
                .isEqualTo(20);
        assertThat(database.number(
                        "SELECT count(*) FROM batched_background_migration_request_keys WHERE actor = 'rita'"))
                .isEqualTo(4);
        assertThat(keys.claim("jane", "999", "print")).isEqualTo(new Claim.Answered(DONE));
    }
}
