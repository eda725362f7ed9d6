package org.registrybbm.app.internal.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;
import org.registrybbm.migrations.audit.EventLog;

/** A connection that breaks while it is written to. */
class ListenerTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    /** Fails at a write once the thread that looks after the streams waits for the listener. */
    private static final class Broken extends ServletOutputStream {
        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void setWriteListener(WriteListener listener) {}

        @Override
        public void write(int b) throws IOException {
            await().atMost(PATIENCE).until(Broken::isLookedAt);
            throw new IOException("broken pipe");
        }

        private static boolean isLookedAt() {
            return Thread.getAllStackTraces().keySet().stream()
                    .anyMatch(thread ->
                            thread.getName().equals("bbm-event-stream") && thread.getState() == Thread.State.BLOCKED);
        }
    }

    @Test
    void endsWithoutHoldingUpTheOthers() throws Exception {
        PGSimpleDataSource nowhere = new PGSimpleDataSource();
        nowhere.setPortNumbers(new int[] {1});
        AsyncContext context = (AsyncContext) Proxy.newProxyInstance(
                AsyncContext.class.getClassLoader(),
                new Class<?>[] {AsyncContext.class},
                (proxy, method, given) -> null);
        EventStreams streams = new EventStreams(new EventLog(nowhere), System::nanoTime);
        Listener listener = new Listener(context, new Broken(), null, () -> true, streams);
        assertThat(streams.add(listener)).isTrue();
        listener.begin(7, System.nanoTime());

        CompletableFuture.runAsync(listener::onWritePossible).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);

        assertThat(listener.isEnded()).isTrue();
        assertThat(streams.isFull()).isFalse();
        streams.close();
    }
}
