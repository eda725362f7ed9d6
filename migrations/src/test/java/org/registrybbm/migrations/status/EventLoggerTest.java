package org.registrybbm.migrations.status;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.event.EventLogger;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;
import org.slf4j.LoggerFactory;

/** What an engine logs in whatever host, whose layout may show nothing but the message. */
@ExtendWith(PostgresExtension.class)
class EventLoggerTest {
    private final Logger logger = (Logger) LoggerFactory.getLogger(EventLogger.NAME);
    private final Level before = logger.getLevel();
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final EngineFixture fixture;
    private final TestDatabase database;

    EventLoggerTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @BeforeEach
    void listen() {
        logger.setLevel(Level.INFO);
        log.start();
        logger.addAppender(log);
    }

    @AfterEach
    void stopListening() {
        logger.detachAppender(log);
        logger.setLevel(before);
    }

    @Test
    void namesWhatStartedFinishedAndFailed() {
        fixture.items(1, 100).queueItems("good", ItemsWork.ADD_ONE, 1_000);
        fixture.queueItems("bad", "unlucky", 1_000);
        database.execute("UPDATE batched_background_migrations SET max_value = 100");

        fixture.drain(Map.of("unlucky", context -> {
            throw EngineFixture.away("the reason");
        }));

        assertThat(log.list)
                .extracting(line ->
                        line.getLevel() + " " + line.getFormattedMessage().replaceAll("job \\d+", "job N"))
                .contains(
                        "INFO batch job N of 'good' started",
                        "INFO batch job N of 'good' finished",
                        "INFO batched migration 'good' finished")
                .anyMatch(
                        line -> line.startsWith("WARN batch job N of 'bad' failed, it will be tried again: thrown at "))
                .anyMatch(line -> line.startsWith("ERROR batch job N of 'bad' failed, no attempt is left: thrown at "))
                .anyMatch(line ->
                        line.startsWith("ERROR batched migration 'bad' failed, a person must act: batch job N "));
    }
}
