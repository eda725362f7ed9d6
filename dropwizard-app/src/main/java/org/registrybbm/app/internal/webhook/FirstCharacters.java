package org.registrybbm.app.internal.webhook;

import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodySubscribers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Flow;

/** Keeps the beginning of an answer, which may be of any length, and throws the rest away. */
final class FirstCharacters implements Flow.Subscriber<List<ByteBuffer>> {
    // More than is shown, so that a secret is found before it is cut off.
    private static final int MOST = 2_000;

    private final byte[] kept = new byte[MOST];
    private int length;

    private FirstCharacters() {}

    static BodyHandler<String> handler() {
        return info -> BodySubscribers.fromSubscriber(new FirstCharacters(), FirstCharacters::text);
    }

    private String text() {
        return new String(kept, 0, length, StandardCharsets.UTF_8);
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
        subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        for (ByteBuffer buffer : buffers) {
            int some = Math.min(buffer.remaining(), MOST - length);
            buffer.get(kept, length, some);
            length += some;
        }
    }

    @Override
    public void onError(Throwable error) {
        // The client reports it.
    }

    @Override
    public void onComplete() {
        // What was kept is all there is.
    }
}
