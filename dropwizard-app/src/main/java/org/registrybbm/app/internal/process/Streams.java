package org.registrybbm.app.internal.process;

import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.registrybbm.app.internal.secrets.Secrets;

/** Sets up standard output and standard error of this process. */
public final class Streams {
    private Streams() {}

    /**
     * Makes both streams write UTF-8 if the process's locale has only ASCII, and takes secrets out of everything that any code writes to
     * standard error.
     */
    public static void install() {
        Charset charset = charset();
        System.setOut(new PrintStream(new FileOutputStream(FileDescriptor.out), true, charset));
        System.setErr(hiding(new FileOutputStream(FileDescriptor.err), charset));
    }

    private static Charset charset() {
        String name = System.getProperty(
                "stdout.encoding",
                System.getProperty(
                        "sun.stdout.encoding", Charset.defaultCharset().name()));
        Charset charset = Charset.isSupported(name) ? Charset.forName(name) : StandardCharsets.UTF_8;
        return charset.equals(StandardCharsets.US_ASCII) ? StandardCharsets.UTF_8 : charset;
    }

    static PrintStream hiding(OutputStream out, Charset charset) {
        return new PrintStream(new Hiding(out, charset), true, charset);
    }

    /**
     * Holds a line until it is complete, so that a secret is found in one piece. A line of progress has no end; it is held until it is
     * flushed.
     */
    private static final class Hiding extends FilterOutputStream {
        private final ByteArrayOutputStream line = new ByteArrayOutputStream();
        private final Charset charset;

        Hiding(OutputStream out, Charset charset) {
            super(out);
            this.charset = charset;
        }

        @Override
        public synchronized void write(int one) throws IOException {
            line.write(one);
            if (one == '\n') {
                release();
            }
        }

        @Override
        public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
            line.write(bytes, offset, length);
        }

        @Override
        public synchronized void flush() throws IOException {
            release();
            out.flush();
        }

        private void release() throws IOException {
            byte[] held = line.toByteArray();
            line.reset();
            out.write(Secrets.hide(new String(held, charset)).getBytes(charset));
        }
    }
}
