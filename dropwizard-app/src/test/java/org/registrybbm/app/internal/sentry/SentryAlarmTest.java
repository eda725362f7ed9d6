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
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.registrybbm.app.config.SentryFactory;
import org.registrybbm.migrations.event.MigrationEvent;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.slf4j.MDC;

class SentryAlarmTest {
    private static final int FLUSH_MILLIS = 5000;
    private static final Duration A_WHILE = Duration.ofMinutes(10);

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
        assertThat(event.at("/release").asText()).isEqualTo("shop@7");
        assertThat(event.at("/server_name").asText()).isEqualTo(REPLICA);
        assertThat(event.at("/fingerprint"))
                .extracting(JsonNode::asText)
                .containsExactly("bbm", "copy", "org.postgresql.util.PSQLException", "23505");
        assertThat(event.at("/exception/values/0/type").asText()).isEqualTo("org.postgresql.util.PSQLException");
    }

    /** Whatever PostgreSQL puts into its message, and whatever this process knows at that moment besides the failure. */
    @Test
    void noByteHoldsARowValue() {
        String name = Thread.currentThread().getName();
        Thread.currentThread().setName("zebra");
        MDC.put("zebra", "zebra");
        try {
            Sentry.addBreadcrumb("zebra");
            for (String message : List.of(
                    "ERROR: duplicate key\n  Detail: Key (email)=(zebra) already exists.",
                    "ERROR: a check\n  Detail: Failing row contains (1, zebra).\n  Where: UPDATE t SET a = 'zebra'\n  Hint: zebra",
                    "ERROR: invalid input syntax for type bigint: \"zebra\"")) {
                Failure failure =
                        new Failure(FailureCode.UNKNOWN, "org.postgresql.util.PSQLException", "23505", message);
                alarm.on(failed(1, "copy", failure, true));
                alarm.on(new MigrationEvent.RowsQuarantined(
                        migration(1, "copy"), job(7, 1, 1), REPLICA, List.of(failure)));
                nanos.addAndGet(A_WHILE.toNanos());
            }
        } finally {
            MDC.remove("zebra");
            Thread.currentThread().setName(name);
        }

        assertThat(received(6)).hasSize(6);
        assertThat(sink.everything()).contains("duplicate key", "invalid input").doesNotContain("zebra");
    }

    @Test
    void theSameFailureIsOneIssueInWhateverBatchJobItComes() {
        alarm.on(exhausted(1, "copy", FAILURE, 7));
        nanos.addAndGet(A_WHILE.toNanos());
        alarm.on(exhausted(1, "copy", FAILURE, 8));

        assertThat(issues(2)).hasSize(1);
    }

    @Test
    void otherMigrationsAndOtherFailuresAreOtherIssues() {
        alarm.on(exhausted(1, "copy", FAILURE, 7));
        alarm.on(exhausted(2, "other", FAILURE, 7));
        alarm.on(exhausted(1, "copy", new Failure(FailureCode.UNKNOWN, FAILURE.errorClass(), "23514", "a check"), 7));
        alarm.on(exhausted(1, "copy", new Failure(FailureCode.UNKNOWN, "java.io.IOException", null, "broken"), 7));
        alarm.on(exhausted(1, "copy", Failure.of(FailureCode.KEY_CHANGED, "the key was changed"), 7));
        alarm.on(exhausted(1, "copy", Failure.of(FailureCode.NO_PROGRESS, "rows stay pending"), 7));

        assertThat(issues(6)).hasSize(6);
    }

    /** Another replica may see that the migration failed, and does not know of the batch job. */
    @Test
    void aBatchJobWithoutAttemptsAndItsMigrationAreOneIssue() {
        alarm.on(exhausted(1, "copy", FAILURE, 7));
        new SentryAlarm("replica-2", nanos::get)
                .on(new MigrationEvent.MigrationFailed(
                        migration(1, "copy"),
                        new Failure(
                                FailureCode.MAX_JOB_RETRY,
                                FAILURE.errorClass(),
                                FAILURE.sqlState(),
                                "batch job 7 failed 5 times")));

        assertThat(issues(2)).hasSize(1);
    }

    @Test
    void aThousandFailingBatchJobsAreOneEventAndTheFirstOfAnotherKindGoesAtOnce() {
        for (int i = 1; i <= 1000; i++) {
            alarm.on(exhausted(1, "copy", FAILURE, i));
        }
        alarm.on(exhausted(2, "other", FAILURE, 1001));

        assertThat(received(2))
                .extracting(event -> event.at("/tags/batch_job").asText())
                .containsExactly("1", "1001");
    }

    @Test
    void sendsNothingWhileSentryRefuses() {
        sink.answer(429, Map.of("Retry-After", "3600"));
        alarm.on(failed(1, "copy", FAILURE, true));
        assertThat(received(1)).hasSize(1);
        alarm.on(failed(2, "other", FAILURE, true));

        assertThat(received(1)).hasSize(1);
        assertThat(sink.requests()).isEqualTo(1);
    }

    @Test
    void sendsNothingWhileSentryAsksForNoErrors() {
        sink.answer(200, Map.of("X-Sentry-Rate-Limits", "3600:error:organization"));
        alarm.on(failed(1, "copy", FAILURE, true));
        assertThat(received(1)).hasSize(1);
        alarm.on(failed(2, "other", FAILURE, true));

        assertThat(received(1)).hasSize(1);
        assertThat(sink.requests()).isEqualTo(1);
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
        nanos.addAndGet(A_WHILE.minusNanos(1).toNanos());
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

    private Set<JsonNode> issues(int events) {
        return received(events).stream().map(event -> event.at("/fingerprint")).collect(Collectors.toSet());
    }

    private static MigrationEvent.BatchFailed exhausted(long migration, String name, Failure failure, int batchJob) {
        return new MigrationEvent.BatchFailed(
                migration(migration, name), job(batchJob, migration, 5), REPLICA, failure, true, Duration.ofSeconds(1));
    }

    private static SentryFactory factory(String dsn) throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        return mapper.treeToValue(
                mapper.createObjectNode()
                        .put("dsn", dsn)
                        .put("environment", "test")
                        .put("release", "shop@7"),
                SentryFactory.class);
    }
}
