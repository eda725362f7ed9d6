package org.registrybbm.migrations.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.audit.EventLog;
import org.registrybbm.migrations.audit.RecordedEvent;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A program that follows the events misses none, whatever order their transactions end in. */
@ExtendWith(PostgresExtension.class)
class EventsAfterTest {
    private static final String RECORD = "INSERT INTO batched_background_migration_events (event) VALUES ('%s')";

    private final TestDatabase database;
    private final EventLog log;

    EventsAfterTest(TestDatabase database) {
        this.database = database;
        this.log = new EngineFixture(database).engine(Map.of()).eventLog();
        EngineFixture.clean(database);
    }

    private List<String> after(long id) {
        return log.after(id, 10).stream().map(RecordedEvent::event).toList();
    }

    @Test
    void comeOnlyWhenNoSmallerOneCanComeAnyMore() throws Exception {
        database.execute("DELETE FROM batched_background_migration_events");
        database.execute(RECORD.formatted("first"));
        // Another test's transaction on this server may be older for a moment.
        await().atMost(Duration.ofMinutes(1)).until(() -> after(0).equals(List.of("first")));
        long first = log.after(0, 1).get(0).id();
        try (Connection slow = database.getConnection();
                Statement statement = slow.createStatement()) {
            slow.setAutoCommit(false);
            statement.execute(RECORD.formatted("slow"));
            database.execute(RECORD.formatted("quick"));

            assertThat(after(first)).isEmpty();
            assertThat(log.before(Long.MAX_VALUE, null, 10))
                    .extracting(RecordedEvent::event)
                    .contains("quick");

            slow.commit();
        }
        await().atMost(Duration.ofMinutes(1)).until(() -> after(first).equals(List.of("slow", "quick")));
    }

    @Test
    void comeInTheOrderOfTheirIdsAlsoIfTheTransactionsBeganInAnother() throws Exception {
        database.execute("DELETE FROM batched_background_migration_events");
        database.execute(RECORD.formatted("first"));
        await().atMost(Duration.ofMinutes(1)).until(() -> after(0).equals(List.of("first")));
        long first = log.after(0, 1).get(0).id();
        try (Connection elder = database.getConnection();
                Connection younger = database.getConnection();
                Statement ofElder = elder.createStatement();
                Statement ofYounger = younger.createStatement()) {
            elder.setAutoCommit(false);
            younger.setAutoCommit(false);
            ofElder.execute("SELECT pg_current_xact_id()");
            ofYounger.execute(RECORD.formatted("of the younger"));
            ofElder.execute(RECORD.formatted("of the elder"));
            elder.commit();

            assertThat(after(first)).isEmpty();

            // The one that is waited for ends, and another one is there already.
            ofElder.execute(RECORD.formatted("next"));
            younger.commit();
            await().atMost(Duration.ofMinutes(1))
                    .until(() -> after(first).equals(List.of("of the younger", "of the elder")));
            elder.commit();
        }
        await().atMost(Duration.ofMinutes(1))
                .until(() -> after(first).equals(List.of("of the younger", "of the elder", "next")));
    }
}
