package org.registrybbm.app.internal.logging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.registrybbm.app.Samples.FAILURE;
import static org.registrybbm.app.Samples.REPLICA;
import static org.registrybbm.app.Samples.failed;
import static org.registrybbm.app.Samples.job;
import static org.registrybbm.app.Samples.migration;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.LayoutBase;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.TimeZone;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.registrybbm.migrations.event.EventLogger;
import org.registrybbm.migrations.event.MigrationEvent;
import org.slf4j.LoggerFactory;

class JsonLogTest {
    private final Logger logger = (Logger) LoggerFactory.getLogger(EventLogger.NAME);
    private final ListAppender<ILoggingEvent> appender = new ListAppender<>();
    private final EventLogger events = new EventLogger();

    @BeforeEach
    void listen() {
        appender.start();
        logger.addAppender(appender);
        logger.setLevel(ch.qos.logback.classic.Level.DEBUG);
    }

    @AfterEach
    void stopListening() {
        logger.detachAppender(appender);
        logger.setLevel(null);
    }

    @Test
    void oneLineHasTheContractsFieldsAsTopLevelKeys() throws IOException {
        events.on(
                new MigrationEvent.BatchFinished(migration(1, "copy"), job(7, 1, 2), REPLICA, Duration.ofMillis(1500)));

        JsonNode line = line(new RegistryLayoutFactory());
        assertThat(line.get("component").asText()).isEqualTo("registry.bbm.Worker");
        assertThat(line.get("duration_s").asDouble()).isEqualTo(1.5);
        assertThat(line.get("job_id").isNumber()).isTrue();
        assertThat(line.get("job_status").asText()).isEqualTo("finished");
        assertThat(line.get("bbm_status").asText()).isEqualTo("running");
        assertThat(List.of(
                        "job_bbm_id",
                        "job_name",
                        "job_attempts",
                        "job_start_id",
                        "job_end_id",
                        "job_batch_size",
                        "job_pagination_column",
                        "job_pagination_table",
                        "bbm_id",
                        "bbm_name",
                        "bbm_batch_size",
                        "bbm_job_signature_key",
                        "bbm_target_column",
                        "bbm_target_table",
                        "bbm_total_tuple_count",
                        "correlation_id",
                        "timestamp",
                        "level",
                        "message"))
                .allSatisfy(field -> assertThat(line.has(field)).as(field).isTrue());
    }

    @Test
    void failureHasItsCodeAndWords() throws IOException {
        events.on(failed(1, "copy", FAILURE, true));

        JsonNode line = line(new RegistryLayoutFactory());
        assertThat(line.get("level").asText()).isEqualTo("ERROR");
        assertThat(line.get("failure_error_code").asInt()).isZero();
        assertThat(line.get("sql_state").asText()).isEqualTo("23505");
    }

    @Test
    void quarantinedRowsAreAWarningWithTheirNumberAndReason() throws IOException {
        events.on(new MigrationEvent.RowsQuarantined(
                migration(1, "copy"), job(7, 1, 2), REPLICA, List.of(FAILURE, FAILURE)));

        JsonNode line = line(new RegistryLayoutFactory());
        assertThat(line.get("level").asText()).isEqualTo("WARN");
        assertThat(line.get("quarantined_tuple_count").asInt()).isEqualTo(2);
        assertThat(line.get("sql_state").asText()).isEqualTo("23505");
    }

    @Test
    void textIsOneLineWithTheFields() {
        events.on(new MigrationEvent.MigrationFinished(migration(1, "copy")));

        assertThat(text(RegistryLayoutFactory.text()))
                .contains("INFO  batched migration 'copy' finished", "bbm_name=copy")
                .hasLineCount(1);
    }

    private JsonNode line(RegistryLayoutFactory factory) throws IOException {
        String text = text(factory);
        assertThat(text).endsWith("\n").hasLineCount(1);
        return new ObjectMapper().readTree(text);
    }

    private String text(RegistryLayoutFactory factory) {
        LayoutBase<ILoggingEvent> layout = factory.build(logger.getLoggerContext(), TimeZone.getTimeZone("UTC"));
        layout.start();
        assertThat(appender.list).hasSize(1);
        return layout.doLayout(appender.list.get(0));
    }
}
