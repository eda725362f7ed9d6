package org.registrybbm.scheduler;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Stands between replicas and PostgreSQL and can be cut, or swallow everything, until it is mended. */
final class TcpProxy implements AutoCloseable {
    private static final Pattern HOST = Pattern.compile("jdbc:postgresql://([^/:?]+)(?::(\\d+))?/");

    private enum Mode {
        FORWARDS,
        REFUSES,
        SWALLOWS
    }

    private final TestDatabase database;
    private final String host;
    private final int port;
    private final ServerSocket listener;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final Object changed = new Object();
    private volatile Mode mode = Mode.FORWARDS;

    TcpProxy(TestDatabase database) {
        this.database = database;
        Matcher matcher = HOST.matcher(database.url());
        if (!matcher.find()) {
            throw new IllegalArgumentException("no host in the URL of " + database.name());
        }
        host = matcher.group(1);
        port = matcher.group(2) == null ? 5432 : Integer.parseInt(matcher.group(2));
        try {
            listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        daemon("proxy-accept", this::accept);
    }

    /**
     * The database through the proxy, with the bound that connections for Quartz need: a transaction that the network cut off would
     * else keep the lock of the whole cluster.
     */
    TestDatabase database() {
        String url = HOST.matcher(database.url())
                .replaceFirst("jdbc:postgresql://127.0.0.1:" + listener.getLocalPort() + "/");
        return new TestDatabase(database.name(), url + "&options=-c%20idle_in_transaction_session_timeout=3000");
    }

    /** Cuts every connection and refuses new ones, as a server that is down. */
    void cut() {
        become(Mode.REFUSES);
        sockets.forEach(TcpProxy::close);
    }

    /** Forwards nothing any more but keeps the connections, as a network that lost its route. */
    void swallow() {
        become(Mode.SWALLOWS);
    }

    /** Forwards again. */
    void mend() {
        become(Mode.FORWARDS);
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        cut();
    }

    private void become(Mode next) {
        synchronized (changed) {
            mode = next;
            changed.notifyAll();
        }
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                if (mode == Mode.REFUSES) {
                    close(client);
                    continue;
                }
                Socket server = new Socket(host, port);
                sockets.add(client);
                sockets.add(server);
                daemon("proxy-up", () -> pump(client, server));
                daemon("proxy-down", () -> pump(server, client));
            } catch (IOException e) {
                // Closed, or PostgreSQL is full: the client sees it.
            }
        }
    }

    private void pump(Socket from, Socket to) {
        byte[] buffer = new byte[8192];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                awaitForwarding();
                out.write(buffer, 0, read);
            }
        } catch (IOException | InterruptedException e) {
            // One side is gone; the other follows.
        } finally {
            close(from);
            close(to);
        }
    }

    private void awaitForwarding() throws InterruptedException {
        synchronized (changed) {
            while (mode == Mode.SWALLOWS) {
                changed.wait();
            }
        }
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
