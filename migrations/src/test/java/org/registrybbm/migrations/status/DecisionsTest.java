package org.registrybbm.migrations.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.StatusChange.Decider;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Who paused it, how and why, is kept, by whatever statement it was done. */
@ExtendWith(PostgresExtension.class)
class DecisionsTest {
    private static final String UPDATE = "UPDATE batched_background_migrations SET status = %d";

    private final TestDatabase database;
    private final EngineFixture fixture;

    DecisionsTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @BeforeEach
    void queue() {
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 10);
    }

    private List<String> decisions() {
        return database.column("""
                SELECT concat_ws(' ', event, 'by', actor, 'via', via, reason)
                FROM batched_background_migration_events
                WHERE event IN ('paused', 'started')
                ORDER BY id
                """);
    }

    private String explanation() {
        return fixture.engine(Map.of()).status().overviews(List.of("m")).get(0).explanation();
    }

    @Test
    void areKeptWithTheirReason() {
        BatchedMigrations engine = fixture.engine(Map.of());
        engine.store().pause(List.of(), new Decider("jane@pod", "cli", "INC-812"));
        assertThat(explanation()).matches("paused by jane@pod \\(cli\\) at \\S+Z: INC-812");

        engine.store().start(List.of("m"), new Decider("ana", "task", null));

        assertThat(decisions()).containsExactly("paused by jane@pod via cli INC-812", "started by ana via task");
    }

    @Test
    void areKeptOfPlainUpdates() {
        database.execute("SET application_name = 'psql'; " + UPDATE.formatted(0));
        String user = database.text("SELECT session_user");
        assertThat(explanation()).matches("paused by " + user + " \\(sql psql\\) at \\S+Z");

        database.execute(UPDATE.formatted(3));
        database.execute("SET registry_bbm.reason = 'it is mended'; " + UPDATE.formatted(1));

        assertThat(decisions()).hasSize(2);
        assertThat(decisions().get(1))
                .startsWith("started by " + user + " via sql")
                .endsWith(" it is mended");
    }

    @Test
    void ofTheEngineAreNone() {
        assertThat(fixture.engine(Map.of())
                        .runToEnd(List.of("m"), StopSignal.NEVER)
                        .isComplete())
                .isTrue();

        assertThat(decisions()).isEmpty();
    }

    /** A trigger that runs with the owner's rights must not find what somebody else has put in its way. */
    @Test
    void areKeptInTheTableThatIsMeant() {
        database.execute("""
                DROP ROLE IF EXISTS decisions_operator;
                CREATE ROLE decisions_operator;
                GRANT SELECT, UPDATE ON batched_background_migrations TO decisions_operator;
                """);
        try {
            database.execute("BEGIN; SET LOCAL ROLE decisions_operator;"
                    + " CREATE TEMP TABLE batched_background_migration_events (x int);"
                    + UPDATE.formatted(0) + "; DROP TABLE pg_temp.batched_background_migration_events; COMMIT");

            assertThat(decisions()).hasSize(1);
            assertThatThrownBy(() -> database.execute(
                            "BEGIN; SET LOCAL ROLE decisions_operator; CREATE TEMP TABLE x (id bigint, status int);"
                                    + " CREATE TRIGGER t AFTER INSERT ON x FOR EACH ROW"
                                    + " EXECUTE FUNCTION record_decisions_on_batched_background_migrations()"))
                    .hasMessageContaining("permission denied for function");
        } finally {
            database.execute("DROP OWNED BY decisions_operator; DROP ROLE decisions_operator");
        }
        assertThat(database.column("""
                        SELECT proname
                        FROM pg_proc
                        WHERE pronamespace = 'public'::regnamespace
                            AND EXISTS (SELECT FROM unnest(proconfig) AS c WHERE c LIKE 'search_path=%' AND c NOT IN ('search_path=pg_catalog', 'search_path=public, pg_temp'))
                        """)).isEmpty();
    }

    @Test
    void areTheNewestThousand() {
        database.execute("DO $$ BEGIN FOR i IN 1 .. 1100 LOOP " + UPDATE.formatted(0) + "; " + UPDATE.formatted(1)
                + "; END LOOP; END $$");

        assertThat(decisions()).hasSizeLessThanOrEqualTo(1_001);
    }

    /** Whoever may change a status need not have the right to write events. */
    @Test
    void areKeptWithoutRightsOnTheEvents() {
        database.execute("""
                DROP ROLE IF EXISTS decisions_operator;
                CREATE ROLE decisions_operator;
                GRANT SELECT, UPDATE ON batched_background_migrations TO decisions_operator;
                """);
        try {
            database.execute("BEGIN; SET LOCAL ROLE decisions_operator; " + UPDATE.formatted(0) + "; COMMIT");

            assertThat(decisions()).hasSize(1);
        } finally {
            database.execute("DROP OWNED BY decisions_operator; DROP ROLE decisions_operator");
        }
    }
}
