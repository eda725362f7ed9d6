package org.registrybbm.app.internal.webhook;

import java.net.ConnectException;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.access.WallClock;
import org.registrybbm.app.internal.secrets.Secrets;
import org.registrybbm.app.internal.text.Printable;
import org.registrybbm.migrations.outbox.Message;

/** The receiver of messages. Its URL may hold a secret, so only the host is ever shown. Thread-safe. */
public final class Endpoint {
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final Duration WHOLE = Duration.ofSeconds(10);

    // As long as the longest time between two tries. Whoever asks for more would have messages given up untried.
    private static final Duration LONGEST_ASKED = Duration.ofHours(1);
    private static final int SHORTEST_SECRET = 12;

    // Of what others say, in characters. More is read than shown, so that a secret is found before it is cut off.
    private static final int MOST_READ = 2_000;
    private static final int MOST_SHOWN = 300;

    private static final int FIRST_SUCCESS = 200;
    private static final int FIRST_REDIRECT = 300;
    private static final int FIRST_CLIENT_ERROR = 400;
    private static final int GONE = 410;

    private final URI url;
    private final @Nullable Signature signature;
    private final Body format;
    private final WallClock clock;
    private final HttpClient client;

    /**
     * Describes a receiver.
     *
     * @param url where it is, {@code http} or {@code https}
     * @param secret what to sign with, {@code whsec_} and Base64, or null to sign nothing
     * @param format how to write messages
     * @param clock tells a receiver when a message was sent, which it compares with its own clock
     */
    public Endpoint(String url, @Nullable String secret, Body format, WallClock clock) {
        this.url = URI.create(url);
        this.signature = secret == null ? null : new Signature(secret);
        this.format = format;
        this.clock = clock;
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(CONNECT)
                .followRedirects(HttpClient.Redirect.NEVER)
                .proxy(ProxySelector.getDefault())
                .build();
        Secrets.know(secret, Set.of());
        String path = this.url.getRawPath() + (this.url.getRawQuery() == null ? "" : "?" + this.url.getRawQuery());
        if (path.length() >= SHORTEST_SECRET) {
            Secrets.know(url, Set.of());
            Secrets.know(path, Set.of());
        }
    }

    /** Returns what may be shown of the URL: the host. */
    public String shown() {
        return url.getScheme() + "://" + url.getAuthority();
    }

    /** Returns a hash of the URL, by which replicas know whether they have the same receiver. */
    public String hash() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(digest.digest(url.toString().getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no SHA-256", e);
        }
    }

    /**
     * Sends a message once, and waits for the answer for 10 s at most.
     *
     * @throws InterruptedException when this thread was interrupted; the receiver may have the message or not
     */
    public Answer send(Message message) throws InterruptedException {
        String body = format.of(message);
        long seconds = clock.now().getEpochSecond();
        HttpRequest.Builder request = HttpRequest.newBuilder(url)
                .timeout(WHOLE)
                .header("Content-Type", "application/json")
                .header("User-Agent", "registry-bbm")
                .header("webhook-id", message.id())
                .header("webhook-timestamp", Long.toString(seconds))
                .POST(HttpRequest.BodyPublishers.ofString(body));
        if (signature != null) {
            request.header("webhook-signature", signature.of(message.id(), seconds, body));
        }
        CompletableFuture<HttpResponse<String>> sent;
        try {
            sent = client.sendAsync(request.build(), FirstCharacters.handler());
        } catch (IllegalArgumentException e) {
            return failed("cannot be asked: " + shown(String.valueOf(e.getMessage())));
        }
        try {
            // The limit of the request ends with the headers; this one is for the whole answer.
            return answer(sent.get(WHOLE.toMillis(), TimeUnit.MILLISECONDS));
        } catch (ExecutionException e) {
            return failed(why(e.getCause()));
        } catch (TimeoutException e) {
            return failed(tooLate());
        } finally {
            sent.cancel(true);
        }
    }

    private Answer answer(HttpResponse<String> response) {
        int status = response.statusCode();
        String said =
                response.body().isBlank() ? "" : " '" + shown(response.body().strip()) + "'";
        String text = shown() + " answered " + status + said;
        if (status >= FIRST_SUCCESS && status < FIRST_REDIRECT) {
            return new Answer.Accepted(text);
        }
        if (status == GONE) {
            return new Answer.Gone(text);
        }
        boolean redirects = status >= FIRST_REDIRECT && status < FIRST_CLIENT_ERROR;
        return new Answer.Failed(
                redirects ? text + ", a redirect, which is not followed: put the new URL into the configuration" : text,
                response.headers()
                        .firstValue("Retry-After")
                        .flatMap(this::asked)
                        .orElse(Duration.ZERO));
    }

    private Answer failed(String what) {
        return new Answer.Failed(shown() + " " + what, Duration.ZERO);
    }

    private static String tooLate() {
        return "did not answer within " + WHOLE.toSeconds() + " s";
    }

    private static String why(@Nullable Throwable cause) {
        for (Throwable one = cause; one != null; one = one.getCause()) {
            if (one instanceof UnresolvedAddressException) {
                return "is a name that the DNS does not know";
            }
        }
        if (cause instanceof HttpConnectTimeoutException) {
            return "could not be connected within " + CONNECT.toSeconds() + " s";
        }
        if (cause instanceof HttpTimeoutException) {
            return tooLate();
        }
        if (cause instanceof SSLException) {
            return "could not be asked over TLS: " + shown(String.valueOf(cause.getMessage()));
        }
        if (cause instanceof ConnectException) {
            return "refuses connections, or nothing listens there";
        }
        return "could not be asked: " + shown(String.valueOf(cause));
    }

    /**
     * Returns what may be shown of a text that the receiver has sent, or that Java has made of it. If the receiver does not speak HTTP, the
     * text may be of any length and hold any bytes, also the one of 0, which PostgreSQL does not take. Secrets are hidden before most of
     * it is cut off, because nobody would find a part of one.
     */
    private static String shown(String said) {
        String hidden = Printable.of(Secrets.hide(said.substring(0, Math.min(MOST_READ, said.length()))));
        return hidden.codePointCount(0, hidden.length()) <= MOST_SHOWN
                ? hidden
                : hidden.substring(0, hidden.offsetByCodePoints(0, MOST_SHOWN));
    }

    /** Reads how long to wait: seconds, or the time until a date. */
    private Optional<Duration> asked(String value) {
        try {
            Duration length = value.strip().matches("[0-9]{1,9}")
                    ? Duration.ofSeconds(Long.parseLong(value.strip()))
                    : Duration.between(
                            clock.now(),
                            Instant.from(ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME)));
            if (length.isNegative()) {
                return Optional.empty();
            }
            return Optional.of(length.compareTo(LONGEST_ASKED) > 0 ? LONGEST_ASKED : length);
        } catch (DateTimeParseException e) {
            return Optional.empty();
        }
    }
}
