package org.registrybbm.app.internal.sentry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.zip.GZIPInputStream;

/** A Sentry of our own: takes envelopes over HTTP and keeps the events in them. */
public final class SentrySink implements AutoCloseable {
    private final ObjectMapper mapper = new ObjectMapper();
    private final HttpServer server;
    private final List<JsonNode> events = new CopyOnWriteArrayList<>();

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

    /** Returns what was received until now. */
    public List<JsonNode> events() {
        return new ArrayList<>(events);
    }

    private void take(HttpExchange exchange) throws IOException {
        try (exchange;
                InputStream body = exchange.getRequestBody()) {
            boolean zipped = "gzip".equals(exchange.getRequestHeaders().getFirst("Content-Encoding"));
            String text =
                    new String((zipped ? new GZIPInputStream(body) : body).readAllBytes(), StandardCharsets.UTF_8);
            for (String line : text.lines().toList()) {
                if (!line.isBlank() && mapper.readTree(line).has("fingerprint")) {
                    events.add(mapper.readTree(line));
                }
            }
            byte[] answer = "{\"id\":\"1\"}".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
