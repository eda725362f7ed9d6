package org.registrybbm.app.internal.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.app.internal.access.WallClock;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.outbox.MessageEvent;
import org.registrybbm.migrations.outbox.Subscriber;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** What a receiver gets from the replicas of a fleet. */
@ExtendWith(PostgresExtension.class)
class WebhookSenderTest {
    private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final WallClock CLOCK = () -> Instant.ofEpochSecond(1_614_265_330);

    private final TestDatabase database;
    private final Receiver receiver = new Receiver();
    private final Map<String, Integer> outcomes = new ConcurrentHashMap<>();

    WebhookSenderTest(TestDatabase database) throws IOException {
        this.database = database;
        database.execute("""
                DELETE FROM batched_background_migration_webhook;
                DELETE FROM batched_background_migration_messages;
                DELETE FROM batched_background_migrations;
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name)
                VALUES ('a <b> & c', 1, 1, 1, 0, 'x', 'public.things', 'id')
                """);
    }

    @AfterEach
    void close() {
        receiver.close();
    }

    private WebhookSender sender(String replica, String url, @Nullable String secret, Body format) {
        Endpoint endpoint = new Endpoint(url, secret, format, CLOCK);
        return new WebhookSender(
                BatchedMigrations.on(database)
                        .replica(replica)
                        .build()
                        .outbox(new Subscriber(replica, endpoint.hash(), Set.of(MessageEvent.FAILED))),
                endpoint,
                new Outcomes() {
                    @Override
                    public void delivered() {
                        outcomes.merge("delivered", 1, Integer::sum);
                    }

                    @Override
                    public void failed() {
                        outcomes.merge("failed", 1, Integer::sum);
                    }

                    @Override
                    public void givenUp() {
                        outcomes.merge("given up", 1, Integer::sum);
                    }
                },
                () -> 0.5);
    }

    private WebhookSender sender() {
        return sender("r1", receiver.url() + "/hook", SECRET, Body.JSON);
    }

    private void fail() {
        database.execute("""
                UPDATE batched_background_migrations SET status = 1;
                UPDATE batched_background_migrations
                SET status = 3, failure_error_code = 4,
                    failure_message = E'ERROR: duplicate key\\n  Detail: Key (email)=(jane@example.org) already exists.'
                """);
    }

    private void letTimePass() {
        database.execute("""
                UPDATE batched_background_migration_messages SET due_at = now();
                UPDATE batched_background_migration_webhook SET rests_until = now(), lease_until = now()
                """);
    }

    private double secondsLeft() {
        return Double.parseDouble(database.text("""
                SELECT extract(epoch FROM due_at - clock_timestamp()) FROM batched_background_migration_messages
                """));
    }

    private long waiting() {
        return database.number("SELECT count(*) FROM batched_background_migration_messages");
    }

    @Test
    void oneOfManyReplicasDeliversEachMessageOnceAndSigned() throws Exception {
        WebhookSender[] senders = Stream.of("r1", "r2", "r3")
                .map(name -> sender(name, receiver.url() + "/hook", SECRET, Body.JSON))
                .toArray(WebhookSender[]::new);
        senders[0].turn();
        for (int i = 0; i < 10; i++) {
            fail();
        }
        for (WebhookSender sender : senders) {
            sender.start();
        }
        await().atMost(PATIENCE).until(() -> waiting() == 0);
        for (WebhookSender sender : senders) {
            sender.stop();
        }

        assertThat(receiver.received).hasSize(10);
        assertThat(receiver.received.stream().map(one -> one.header("webhook-id")))
                .doesNotHaveDuplicates();
        Receiver.Received first = receiver.received.get(0);
        assertThat(first.header("webhook-timestamp")).isEqualTo("1614265330");
        assertThat(first.header("webhook-signature"))
                .isEqualTo(new Signature(SECRET).of(first.header("webhook-id"), 1_614_265_330, first.body()));
        assertThat(first.header("content-type")).isEqualTo("application/json");
        JsonNode body = new ObjectMapper().readTree(first.body());
        assertThat(body.path("type").asText()).isEqualTo("batched_migration.failed");
        assertThat(Instant.parse(body.path("timestamp").asText())).isAfter(Instant.EPOCH);
        assertThat(body.path("data").path("migration").asText()).isEqualTo("a <b> & c");
        assertThat(body.path("data").path("status").asText()).isEqualTo("failed");
        assertThat(body.path("data").path("sentence").asText()).isEqualTo("max_job_retry: ERROR: duplicate key");
        assertThat(body.path("data").path("command").asText())
                .isEqualTo("registry background-migrate retry --migration 'a <b> & c'");
        assertThat(first.body()).doesNotContain("jane");
        assertThat(outcomes).isEqualTo(Map.of("delivered", 10));
    }

    @Test
    void slackGetsTextThatItTakesForNoMarkup() throws Exception {
        WebhookSender sender = sender("r1", receiver.url(), null, Body.SLACK);
        sender.turn();
        fail();
        sender.turn();
        assertThat(new ObjectMapper()
                        .readTree(receiver.received.get(0).body())
                        .path("text")
                        .asText())
                .isEqualTo("*a &lt;b&gt; &amp; c* (public.things) has failed\nmax_job_retry: ERROR: duplicate key\n"
                        + "`registry background-migrate retry --migration 'a &lt;b&gt; &amp; c'`");
        assertThat(receiver.received.get(0).header("webhook-signature")).isEmpty();
    }

    @Test
    void triesAgainLaterWithTheSameId() throws Exception {
        WebhookSender sender = sender();
        sender.turn();
        fail();
        receiver.status = 500;
        receiver.answer = "no\u001b[31m " + "x".repeat(10_000);
        sender.turn();
        sender.turn();
        assertThat(receiver.received).as("not at once").hasSize(1);
        assertThat(secondsLeft()).isBetween(1.0, 5.0);
        assertThat(database.text("SELECT last_failure FROM batched_background_migration_messages"))
                .startsWith(receiver.url() + " answered 500 'no?[31m xxx")
                .hasSizeLessThan(400);

        receiver.status = 429;
        receiver.headers = Map.of("Retry-After", "999999999");
        letTimePass();
        sender.turn();
        assertThat(secondsLeft()).as("an hour at most").isBetween(3500.0, 3600.0);
        assertThat(database.text(
                        "SELECT rests_until > now() + interval '15 minutes' FROM batched_background_migration_webhook"))
                .isEqualTo("t");

        receiver.status = 302;
        receiver.headers = Map.of("Location", receiver.url() + "/elsewhere");
        letTimePass();
        sender.turn();
        assertThat(receiver.received).hasSize(3);
        assertThat(database.text("SELECT last_failure FROM batched_background_migration_messages"))
                .endsWith("a redirect, which is not followed: put the new URL into the configuration");

        receiver.status = 200;
        receiver.headers = Map.of();
        letTimePass();
        sender.turn();
        assertThat(receiver.received).hasSize(4);
        assertThat(receiver.received.stream()
                        .map(one -> one.header("webhook-id"))
                        .distinct())
                .hasSize(1);
        assertThat(receiver.received.stream().map(Receiver.Received::body).distinct())
                .hasSize(1);
        assertThat(outcomes).isEqualTo(Map.of("failed", 3, "delivered", 1));
    }

    @Test
    void aReceiverThatIsNotThereIsTriedAgain() throws Exception {
        WebhookSender sender = sender();
        sender.turn();
        fail();
        receiver.close();
        sender.turn();
        assertThat(database.text("SELECT last_failure FROM batched_background_migration_messages"))
                .isEqualTo(receiver.url() + " refuses connections, or nothing listens there");
        assertThat(outcomes).isEqualTo(Map.of("failed", 1));
    }

    /** An alert of TLS, as what listens for TLS answers, and a line without an end. */
    @ParameterizedTest
    @ValueSource(strings = {"\u0015\u0003\u0003\u0000\u0002\u0002P\r\n\r\n", "\u001b[31m"})
    void aReceiverThatDoesNotSpeakHttpIsTriedAgain(String bytes) throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CompletableFuture<Socket> other =
                    CompletableFuture.supplyAsync(() -> answer(socket, bytes + "x".repeat(100_000) + "\r\n\r\n"));
            WebhookSender sender = sender("r1", "http://127.0.0.1:" + socket.getLocalPort(), SECRET, Body.JSON);
            sender.turn();
            fail();
            sender.turn();
            other.join().close();
        }
        assertThat(database.text("SELECT last_failure FROM batched_background_migration_messages"))
                .contains("could not be asked: ")
                .hasSizeLessThan(400)
                .doesNotContainPattern("\\p{Cntrl}");
        assertThat(secondsLeft()).isPositive();
        assertThat(outcomes).isEqualTo(Map.of("failed", 1));
    }

    private static Socket answer(ServerSocket socket, String text) {
        try {
            Socket accepted = socket.accept();
            accepted.getInputStream().read();
            accepted.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
            return accepted;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aReceiverThatIsGoneIsLeftAlone() throws Exception {
        WebhookSender sender = sender();
        sender.turn();
        fail();
        fail();
        receiver.status = 410;
        sender.turn();
        fail();
        sender.turn();
        assertThat(receiver.received).hasSize(1);
        assertThat(waiting()).isZero();
    }

    @Test
    void aSenderThatIsStoppedWhileItWaitsHandsTheMessageBack() throws Exception {
        try (Receiver silent = new Receiver()) {
            silent.answersNothing();
            WebhookSender sender = sender("r1", silent.url(), SECRET, Body.JSON);
            sender.turn();
            fail();
            sender.start();
            await().atMost(PATIENCE).until(() -> !silent.received.isEmpty());
            sender.stop();
        }
        assertThat(database.column("""
                SELECT m.attempts || ' ' || coalesce(w.lease_token, 0)
                FROM batched_background_migration_messages m, batched_background_migration_webhook w
                """)).isEqualTo(Collections.singletonList("0 0"));
        sender().turn();
        assertThat(receiver.received).hasSize(1);
    }
}
