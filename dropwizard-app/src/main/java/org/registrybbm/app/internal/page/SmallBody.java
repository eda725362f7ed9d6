package org.registrybbm.app.internal.page;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** The body of a request, of which no more is read than a form of this page can have. */
final class SmallBody extends FilterInputStream {
    private static final int MOST_BYTES = 64 * 1024;

    private int left = MOST_BYTES;

    SmallBody(InputStream body) {
        super(body);
    }

    @Override
    public int read() throws IOException {
        int value = super.read();
        if (value >= 0) {
            count(1);
        }
        return value;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        int read = super.read(bytes, offset, length);
        if (read > 0) {
            count(read);
        }
        return read;
    }

    private void count(int read) {
        left -= read;
        if (left < 0) {
            throw new PageException(413, "The form is too large. Nothing was changed.");
        }
    }
}
