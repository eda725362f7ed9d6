package org.registrybbm.scheduler.chaos;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Stands between the replicas and PostgreSQL and understands just enough of its protocol to see a COMMIT go by, so that it can cut the
 * connection before the COMMIT arrives, or when it arrived and the answer is on its way.
 */
final class CommitProxy implements AutoCloseable {
    /** Where a connection is cut. */
    enum Cut {
        BEFORE_COMMIT,
        BEFORE_ANSWER
    }

    private final String url;
    private final int port;
    private final ServerSocket listener;
    private final Timeline timeline;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final AtomicReference<Cut> armed = new AtomicReference<>();
    private final ReentrantReadWriteLock route = new ReentrantReadWriteLock(true);

    CommitProxy(String url, Timeline timeline) throws IOException {
        this.url = url;
        this.port = URI.create(url.substring("jdbc:".length())).getPort();
        this.timeline = timeline;
        this.listener = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        daemon("proxy-accept", this::accept);
    }

    /** The server's URL through the proxy. */
    String url() {
        return url.replace("127.0.0.1:" + port, "127.0.0.1:" + listener.getLocalPort());
    }

    /** Cuts the connection of the next COMMIT. */
    void arm(Cut cut) {
        armed.set(cut);
    }

    void disarm() {
        armed.set(null);
    }

    /** Forwards nothing, and closes nothing, as a network that lost its route; what was sent arrives when it is back. */
    void loseRoute(Duration howLong) throws InterruptedException {
        route.writeLock().lockInterruptibly();
        try {
            timeline.add("proxy", "lost its route");
            TimeUnit.MILLISECONDS.sleep(howLong.toMillis());
            timeline.add("proxy", "has its route again");
        } finally {
            route.writeLock().unlock();
        }
    }

    private void awaitRoute() {
        route.readLock().lock();
        route.readLock().unlock();
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        sockets.forEach(CommitProxy::close);
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                sockets.add(client);
                awaitRoute();
                try {
                    Socket server = new Socket(InetAddress.getLoopbackAddress(), port);
                    sockets.add(server);
                    client.setTcpNoDelay(true);
                    server.setTcpNoDelay(true);
                    AtomicReference<Cut> cut = new AtomicReference<>();
                    daemon("proxy-up", () -> pump(client, server, () -> up(client, server, cut)));
                    daemon("proxy-down", () -> pump(client, server, () -> down(client, server, cut)));
                } catch (IOException e) {
                    // The server is down; the client sees it.
                    close(client);
                }
            } catch (IOException e) {
                // Closed.
            }
        }
    }

    private interface Pump {
        void run() throws IOException;
    }

    private void pump(Socket client, Socket server, Pump pump) {
        try {
            pump.run();
        } catch (IOException e) {
            // One side is gone; the other follows.
        } finally {
            close(client);
            close(server);
            sockets.remove(client);
            sockets.remove(server);
        }
    }

    /** From the client: a start-up message without a type, then messages of a type and a length. */
    private void up(Socket client, Socket server, AtomicReference<Cut> cut) throws IOException {
        DataInputStream in = new DataInputStream(new BufferedInputStream(client.getInputStream()));
        OutputStream out = new BufferedOutputStream(server.getOutputStream());
        forward(out, -1, body(in));
        out.flush();
        Commits commits = new Commits();
        while (true) {
            int type = in.read();
            if (type < 0) {
                throw new EOFException();
            }
            byte[] body = body(in);
            awaitRoute();
            if (commits.isCommit(type, body)) {
                Cut now = armed.getAndSet(null);
                if (now == Cut.BEFORE_COMMIT) {
                    timeline.add("proxy", "cut a connection before its COMMIT");
                    return;
                }
                cut.set(now);
            }
            forward(out, type, body);
            if (in.available() == 0) {
                out.flush();
            }
        }
    }

    /** From the server: when the connection is to be cut before the answer, the answer's first bytes end it. */
    private void down(Socket client, Socket server, AtomicReference<Cut> cut) throws IOException {
        byte[] buffer = new byte[8192];
        InputStream in = server.getInputStream();
        OutputStream out = client.getOutputStream();
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
            awaitRoute();
            if (cut.get() == Cut.BEFORE_ANSWER) {
                timeline.add("proxy", "cut a connection after its COMMIT, before the answer");
                return;
            }
            out.write(buffer, 0, read);
        }
    }

    private static byte[] body(DataInputStream in) throws IOException {
        byte[] body = new byte[in.readInt() - 4];
        in.readFully(body);
        return body;
    }

    private static void forward(OutputStream out, int type, byte[] body) throws IOException {
        int start = type < 0 ? 0 : 1;
        byte[] message = new byte[start + 4 + body.length];
        if (type >= 0) {
            message[0] = (byte) type;
        }
        int length = body.length + 4;
        for (int i = 0; i < 4; i++) {
            message[start + i] = (byte) (length >>> (24 - 8 * i));
        }
        System.arraycopy(body, 0, message, start + 4, body.length);
        out.write(message);
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // It is closed then.
        }
    }

    private static void daemon(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }
}
