package org.registrybbm.app.internal.stream;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.text.answer.EventTable;
import org.registrybbm.migrations.audit.RecordedEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One who listens. Nothing here waits for the network: what cannot be written yet is kept, at most one page of events, and nothing is added
 * to it before it is gone. Thread-safe.
 */
final class Listener implements WriteListener {
    private static final Logger LOGGER = LoggerFactory.getLogger(Listener.class);

    private final AsyncContext context;
    private final ServletOutputStream out;
    private final BooleanSupplier mayListen;
    private final EventStreams streams;
    private byte @Nullable [] pending;
    private boolean writable;
    private boolean unflushed;
    private boolean ended;
    private long lastWrite;
    private @Nullable Long position;
    private final @Nullable Long missedFrom;

    /**
     * Begins with nothing written.
     *
     * @param missedFrom the id of the last event that it has had; null for one that is new
     * @param mayListen whether its token is still valid
     * @param streams is told when it can be given more, and when it has ended
     */
    Listener(
            AsyncContext context,
            ServletOutputStream out,
            @Nullable Long missedFrom,
            BooleanSupplier mayListen,
            EventStreams streams) {
        this.context = context;
        this.out = out;
        this.missedFrom = missedFrom;
        this.mayListen = mayListen;
        this.streams = streams;
        this.lastWrite = streams.now();
    }

    @Nullable
    Long missedFrom() {
        return missedFrom;
    }

    boolean mayListen() {
        return mayListen.getAsBoolean();
    }

    /** Returns the id of the last event that it was given; null if it was given nothing yet, not even where it begins. */
    synchronized @Nullable Long position() {
        return position;
    }

    /** Returns whether it can be given more. */
    synchronized boolean isDrained() {
        return writable && pending == null && !ended;
    }

    synchronized boolean isEnded() {
        return ended;
    }

    /** Returns for how long nothing could be written that had to be. */
    synchronized long stalledNanos(long now) {
        return pending == null && writable ? 0 : now - lastWrite;
    }

    synchronized long silentNanos(long now) {
        return now - lastWrite;
    }

    /** Tells where it begins, and how long to wait before it connects again. */
    void begin(long from, long now) {
        send("retry: 3000\nid: " + from + "\n\n", from, now);
    }

    /** Tells that more was missed than can be sent. */
    void reset(long from, long now) {
        send(
                "retry: 3000\nid: " + from
                        + "\nevent: reset\ndata: {\"detail\": \"too much was missed; read /api/v1/status, and go on from here\"}\n\n",
                from,
                now);
    }

    void give(List<RecordedEvent> events, long now) {
        StringBuilder text = new StringBuilder();
        events.forEach(event -> text.append("id: ")
                .append(event.id())
                .append("\ndata: ")
                .append(EventTable.node(event))
                .append("\n\n"));
        send(text.toString(), events.get(events.size() - 1).id(), now);
    }

    /** Shows the program and whatever is in between that the connection lives. */
    void beat(long now) {
        send(":\n\n", null, now);
    }

    private void send(String text, @Nullable Long newPosition, long now) {
        boolean written;
        synchronized (this) {
            if (newPosition != null) {
                position = newPosition;
            }
            pending = text.getBytes(StandardCharsets.UTF_8);
            lastWrite = now;
            written = write();
        }
        endUnless(written);
    }

    @Override
    public void onWritePossible() {
        boolean written;
        synchronized (this) {
            writable = true;
            written = write();
        }
        endUnless(written);
        streams.wake();
    }

    /** Ends it without the lock: the streams look at it with theirs, and the end needs theirs. */
    private void endUnless(boolean written) {
        if (!written) {
            end();
        }
    }

    /**
     * Writes what is pending, if that needs no waiting. The server calls again when more can be written.
     *
     * @return false if nothing can be written any more
     */
    private boolean write() {
        if (ended || !writable) {
            return true;
        }
        try {
            while (out.isReady()) {
                byte[] bytes = pending;
                if (bytes != null) {
                    pending = null;
                    unflushed = true;
                    out.write(bytes);
                } else if (unflushed) {
                    unflushed = false;
                    out.flush();
                } else {
                    return true;
                }
            }
            writable = false;
            return true;
        } catch (IOException | RuntimeException e) {
            LOGGER.debug("a stream of events cannot be written to", e);
            return false;
        }
    }

    @Override
    public void onError(Throwable thrown) {
        LOGGER.debug("a stream of events has ended", thrown);
        end();
    }

    /** Ends it. */
    void end() {
        synchronized (this) {
            if (ended) {
                return;
            }
            ended = true;
            pending = null;
        }
        try {
            context.complete();
        } catch (IllegalStateException e) {
            LOGGER.debug("a stream of events had ended already", e);
        }
        streams.wake();
    }
}
