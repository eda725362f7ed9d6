package org.registrybbm.app.internal.web;

import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * The body of a request, which has to be there within a time, however small the pieces are in which it comes. Jetty has a least rate for
 * that, but goes by it even if a body is empty, and refuses it if the machine is busy for some milliseconds.
 */
final class TimelyBody extends ServletInputStream {
    private static final Duration MOST = Duration.ofSeconds(10);

    private final ServletInputStream body;
    private final LongSupplier nanos;
    private final long began;

    TimelyBody(ServletInputStream body, LongSupplier nanos) {
        this.body = body;
        this.nanos = nanos;
        this.began = nanos.getAsLong();
    }

    @Override
    public int read() throws IOException {
        int read = body.read();
        check(read);
        return read;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        int read = body.read(bytes, offset, length);
        check(read);
        return read;
    }

    private void check(int read) {
        if (read >= 0 && nanos.getAsLong() - began > MOST.toNanos()) {
            throw Problem.thrown(
                    408, "the body did not come within " + MOST.toSeconds() + " s; nothing was changed; try again");
        }
    }

    @Override
    public boolean isFinished() {
        return body.isFinished();
    }

    @Override
    public boolean isReady() {
        return body.isReady();
    }

    @Override
    public void setReadListener(ReadListener listener) {
        body.setReadListener(listener);
    }
}
