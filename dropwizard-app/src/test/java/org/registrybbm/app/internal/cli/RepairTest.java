package org.registrybbm.app.internal.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.registrybbm.app.Samples;
import org.registrybbm.app.internal.text.RepairText;
import org.registrybbm.app.internal.text.VerifyProgress;
import org.registrybbm.app.internal.text.answer.EventTable;
import org.registrybbm.app.internal.text.answer.QuarantineTable;
import org.registrybbm.app.internal.text.answer.VerifiedTable;
import org.registrybbm.migrations.audit.RecordedEvent;
import org.registrybbm.migrations.quarantine.QuarantinedRow;
import org.registrybbm.migrations.quarantine.RetryResult;
import org.registrybbm.migrations.verification.VerificationResult;

class RepairTest {
    private static final Instant AT = Instant.parse("2026-01-02T03:04:05.678Z");
    private static final QuarantinedRow WAITING = row(1, QuarantinedRow.Status.QUARANTINED, null, null);
    private static final QuarantinedRow WAIVED = row(2, QuarantinedRow.Status.WAIVED, "jane", "gone\nsoon");

    @Test
    void quarantineIsATableWithWhoWaivedAndWhy() {
        assertThat(QuarantineTable.render(List.of(WAITING, WAIVED))).isEqualTo("""
                Id | Migration | Table    | Row         | Status      | SQLSTATE | Why     | Attempts | Since                | Waived
                ---+-----------+----------+-------------+-------------+----------+---------+----------+----------------------+----------------
                1  | copy      | public.t | {"id": "9"} | quarantined | 23514    | a check | 2        | 2026-01-02T03:04:05Z | -
                2  | copy      | public.t | {"id": "9"} | waived      | 23514    | a check | 2        | 2026-01-02T03:04:05Z | jane: gone soon
                """);
    }

    @Test
    void quarantineAsJsonHasTheRowsKeyAsAnObject() throws IOException {
        JsonNode json = new ObjectMapper().readTree(QuarantineTable.json(List.of(WAITING, WAIVED)));

        assertThat(json.at("/0/row_key/id").asText()).isEqualTo("9");
        assertThat(json.at("/0/waived_by").isNull()).isTrue();
        assertThat(json.at("/1/waived_by").asText()).isEqualTo("jane");
        assertThat(json.at("/1/quarantined_at").asText()).isEqualTo(AT.toString());
    }

    @Test
    void eventsAreATableAndJson() throws IOException {
        List<RecordedEvent> events = List.of(
                new RecordedEvent(2, "m", AT, "sub_batch_size", 1000L, 500L, "replica-1", 7L, "a lock", null, null),
                new RecordedEvent(1, "m", AT, "paused", null, null, null, null, "INC-812", "jane@pod", "cli"));

        assertThat(EventTable.render(events)).isEqualTo("""
                When                 | Event          | Old  | New | By             | Batch Job | Why
                ---------------------+----------------+------+-----+----------------+-----------+--------
                2026-01-02T03:04:05Z | sub_batch_size | 1000 | 500 | replica-1      | 7         | a lock
                2026-01-02T03:04:05Z | paused         | -    | -   | jane@pod (cli) | -         | INC-812
                """);
        JsonNode json = new ObjectMapper().readTree(EventTable.json(events));
        assertThat(json.at("/0/new_value").asLong()).isEqualTo(500);
        assertThat(json.at("/1/replica").isNull()).isTrue();
    }

    @Test
    void aVerificationIsATableWithSamples() {
        assertThat(VerifiedTable.render(List.of(new VerificationResult(
                        "copy",
                        VerificationResult.Verdict.INCOMPLETE,
                        2,
                        List.of("{\"id\": \"1\"}", "{\"id\": \"2\"}"),
                        "2 rows"))))
                .isEqualTo("""
                Batched Background Migration | Result     | Left | Why    | Rows Left
                -----------------------------+------------+------+--------+------------------------
                copy                         | incomplete | 2    | 2 rows | {"id": "1"} {"id": "2"}
                """);
        assertThat(VerifiedTable.render(List.of())).startsWith("nothing to verify");
    }

    @Test
    void retriesSayWhatTheySetInMotion() {
        assertThat(RepairText.retried(List.of(new RetryResult("copy", true, 3, 1, false))))
                .isEqualTo(
                        "copy: failed -> active, 3 quarantined rows are tried again, 1 failed batch job is tried again\n");
        assertThat(RepairText.retried(List.of(new RetryResult("copy", false, 1, 0, true))))
                .isEqualTo("copy: 1 quarantined row is tried again, once it is started: it is paused\n");
        assertThat(RepairText.waived("copy", 1)).isEqualTo("copy: 1 row waived\n");
        assertThat(RepairText.waived("copy", 0)).isEqualTo("nothing to waive\n");
    }

    @Test
    void progressIsALineNowAndThen() {
        AtomicLong nanos = new AtomicLong();
        List<String> lines = new ArrayList<>();
        VerifyProgress progress = new VerifyProgress(
                List.of(Samples.migration(1, "copy")), Duration.ofSeconds(2), nanos::get, lines::add);

        progress.accept("copy", 10);
        nanos.addAndGet(Duration.ofSeconds(2).minusNanos(1).toNanos());
        progress.accept("copy", 20);
        nanos.addAndGet(1);
        progress.accept("other", 30);

        assertThat(lines).containsExactly("verifying copy: 10 of ~2000 rows", "verifying other: 30 rows");
    }

    private static QuarantinedRow row(
            long id, QuarantinedRow.Status status, @Nullable String by, @Nullable String reason) {
        return new QuarantinedRow(
                id,
                "copy",
                "public.t",
                "{\"id\": \"9\"}",
                status,
                "org.postgresql.util.PSQLException",
                "23514",
                "a check",
                2,
                AT,
                null,
                by,
                reason);
    }
}
