package org.registrybbm.app.internal.sentry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.registrybbm.app.Samples.FAILURE;
import static org.registrybbm.app.Samples.REPLICA;
import static org.registrybbm.app.Samples.failed;
import static org.registrybbm.app.Samples.job;
import static org.registrybbm.app.Samples.migration;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sentry.Sentry;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.registrybbm.app.config.SentryFactory;
import org.registrybbm.migrations.event.MigrationEvent;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;

class SentryAlarmTest {
    private static final int FLUSH_MILLIS = 5000;

    private final AtomicLong nanos = new AtomicLong();
    private SentrySink sink;
    private SentryClient client;
    private SentryAlarm alarm;

    @BeforeEach
    void start() throws IOException {
        sink = SentrySink.open();
        client = SentryClient.start(factory(sink.dsn()), REPLICA);
        alarm = client.alarm(REPLICA, nanos::get).orElseThrow();
    }

    @AfterEach
    void stop() {
        client.close();
        sink.close();
    }

    @Test
    void reportsTheBatchJobThatUsedUpItsAttemptsWithTags() {
        alarm.on(failed(1, "copy", FAILURE, true));

        JsonNode event = received(1).get(0);
        assertThat(event.at("/tags/migration").asText()).isEqualTo("copy");
        assertThat(event.at("/tags/table").asText()).isEqualTo("public.manifests");
        assertThat(event.at("/tags/range").asText()).isEqualTo("[1, 500]");
        assertThat(event.at("/tags/replica").asText()).isEqualTo(REPLICA);
        assertThat(event.at("/tags/attempt").asText()).isEqualTo("5");
        assertThat(event.at("/level").asText()).isEqualTo("error");
        assertThat(event.at("/environment").asText()).isEqualTo("test");
        assertThat(event.at("/fingerprint"))
                .extracting(JsonNode::asText)
                .containsExactly("bbm", "copy", "org.postgresql.util.PSQLException", "23505");
        assertThat(event.at("/exception/values/0/type").asText()).isEqualTo("org.postgresql.util.PSQLException");
    }

    @Test
    void sendsNoRowValues() {
        alarm.on(failed(1, "copy", FAILURE, true));

        assertThat(received(1).get(0).toString())
                .contains("duplicate key value")
                .doesNotContain("jane", "example.org");
    }

    @Test
    void saysNothingOfAnAttemptThatIsTriedAgain() {
        alarm.on(failed(1, "copy", FAILURE, false));

        assertThat(received(0)).isEmpty();
    }

    @Test
    void sendsOneEventOfAGroupInTenMinutes() {
        alarm.on(failed(1, "copy", FAILURE, true));
        alarm.on(failed(1, "copy", FAILURE, true));
        nanos.addAndGet(Duration.ofMinutes(10).minusNanos(1).toNanos());
        alarm.on(failed(1, "copy", FAILURE, true));
        alarm.on(failed(2, "other", FAILURE, true));
        assertThat(received(2)).hasSize(2);

        nanos.addAndGet(1);
        alarm.on(failed(1, "copy", FAILURE, true));
        assertThat(received(3)).hasSize(3);
    }

    @Test
    void doesNotReportAMigrationAgainThatFailedWithItsBatchJob() {
        alarm.on(failed(1, "copy", FAILURE, true));
        alarm.on(new MigrationEvent.MigrationFailed(
                migration(1, "copy"), Failure.of(FailureCode.MAX_JOB_RETRY, "a batch job used up its attempts")));

        assertThat(received(1)).hasSize(1);
    }

    @Test
    void reportsAMigrationThatCannotStart() {
        alarm.on(new MigrationEvent.MigrationFailed(
                migration(3, "sick"), Failure.of(FailureCode.INVALID_BBM_TABLE, "there is no table public.nothing")));

        JsonNode event = received(1).get(0);
        assertThat(event.at("/tags/failure").asText()).isEqualTo("invalid_bbm_table");
        assertThat(event.at("/tags/range").asText()).isEqualTo("[1, 1000]");
        assertThat(event.at("/message/formatted").asText()).contains("there is no table public.nothing");
    }

    @Test
    void warnsOnceOfQuarantinedRowsThatFailAlike() {
        Failure other = new Failure(FailureCode.UNKNOWN, "org.postgresql.util.PSQLException", "23514", "a check");
        MigrationEvent.RowsQuarantined quarantined = new MigrationEvent.RowsQuarantined(
                migration(1, "copy"), job(7, 1, 1), REPLICA, List.of(FAILURE, FAILURE, other));

        alarm.on(quarantined);
        alarm.on(quarantined);

        List<JsonNode> events = received(2);
        assertThat(events)
                .extracting(event -> event.at("/tags/sql_state").asText())
                .containsExactlyInAnyOrder("23505", "23514");
        assertThat(events).allSatisfy(event -> {
            assertThat(event.at("/level").asText()).isEqualTo("warning");
            assertThat(event.at("/message/formatted").asText())
                    .contains("they are in quarantine")
                    .doesNotContain("jane");
        });
    }

    @Test
    void aWarningDoesNotSilenceTheAlarmOfABatchJobThatFails() {
        alarm.on(new MigrationEvent.RowsQuarantined(migration(1, "copy"), job(7, 1, 1), REPLICA, List.of(FAILURE)));
        alarm.on(failed(1, "copy", FAILURE, true));

        assertThat(received(2))
                .extracting(event -> event.at("/level").asText())
                .containsExactlyInAnyOrder("warning", "error");
    }

    @Test
    void startsNothingWithoutDsn() throws IOException {
        client.close();
        SentryClient off = SentryClient.start(factory(""), REPLICA);

        assertThat(Sentry.isEnabled()).isFalse();
        assertThat(off.alarm(REPLICA, nanos::get)).isEqualTo(Optional.empty());
    }

    private List<JsonNode> received(int expected) {
        Sentry.flush(FLUSH_MILLIS);
        assertThat(sink.events()).hasSize(expected);
        return sink.events();
    }

    private static SentryFactory factory(String dsn) throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        return mapper.treeToValue(
                mapper.createObjectNode().put("dsn", dsn).put("environment", "test"), SentryFactory.class);
    }
}
