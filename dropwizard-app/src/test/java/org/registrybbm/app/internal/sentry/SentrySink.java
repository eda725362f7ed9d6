package org.registrybbm.app.internal.sentry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPInputStream;

/**
 * A Sentry of our own: takes envelopes over HTTP and keeps the events in them, and every byte. It may be slow, and may refuse.
 *
 * <p>An envelope is a line of JSON, and after it items: each is a line of JSON with its type and its length, and so many bytes.
 */
public final class SentrySink implements AutoCloseable {
    private final ObjectMapper mapper = new ObjectMapper();
    private final HttpServer server;
    private final List<JsonNode> events = new CopyOnWriteArrayList<>();
    private final List<String> received = new CopyOnWriteArrayList<>();
    private final AtomicInteger requests = new AtomicInteger();
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile Duration delay = Duration.ZERO;
    private volatile int status = 200;
    private volatile Map<String, String> headers = Map.of();

    private SentrySink(HttpServer server) {
        this.server = server;
    }

    /** Opens one on a free port. */
    public static SentrySink open() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        SentrySink sink = new SentrySink(server);
        server.createContext("/", sink::take);
        server.start();
        return sink;
    }

    /** Returns where to send. */
    public String dsn() {
        return "http://public@127.0.0.1:" + server.getAddress().getPort() + "/1";
    }

    /** Lets each further request wait before it is read. */
    public void delay(Duration time) {
        delay = time;
    }

    /** Answers further requests in this way. */
    public void answer(int withStatus, Map<String, String> withHeaders) {
        headers = withHeaders;
        status = withStatus;
    }

    /** Returns how many requests have begun. */
    public int requests() {
        return requests.get();
    }

    /** Returns the events that were received until now. */
    public List<JsonNode> events() {
        return List.copyOf(events);
    }

    /** Returns all that was received until now: addresses, headers and decompressed bodies. */
    public String everything() {
        return String.join("\n", received);
    }

    private void take(HttpExchange exchange) throws IOException {
        try (exchange;
                InputStream body = exchange.getRequestBody()) {
            requests.incrementAndGet();
            if (closed.await(delay.toMillis(), TimeUnit.MILLISECONDS)) {
                return;
            }
            boolean zipped = "gzip".equals(exchange.getRequestHeaders().getFirst("Content-Encoding"));
            byte[] envelope = (zipped ? new GZIPInputStream(body) : body).readAllBytes();
            received.add(exchange.getRequestURI() + " "
                    + exchange.getRequestHeaders().entrySet());
            received.add(new String(envelope, StandardCharsets.UTF_8));
            keepEvents(new ByteArrayInputStream(envelope));
            headers.forEach(exchange.getResponseHeaders()::set);
            byte[] answer = "{\"id\":\"1\"}".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, answer.length);
            exchange.getResponseBody().write(answer);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void keepEvents(InputStream envelope) throws IOException {
        line(envelope);
        for (String header = line(envelope); !header.isEmpty(); header = line(envelope)) {
            JsonNode item = mapper.readTree(header);
            byte[] payload = envelope.readNBytes(item.path("length").asInt());
            line(envelope);
            if (item.path("type").asText().equals("event")) {
                events.add(mapper.readTree(payload));
            }
        }
    }

    private static String line(InputStream envelope) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int one = envelope.read(); one >= 0 && one != '\n'; one = envelope.read()) {
            line.append((char) one);
        }
        return line.toString();
    }

    @Override
    public void close() {
        closed.countDown();
        server.stop(0);
    }
}
