package org.registrybbm.app;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/** Stands between an application and PostgreSQL, and can stop to answer without closing anything, as a dead network does. */
final class FreezingProxy implements AutoCloseable {
    private final ServerSocket listener;
    private final URI target;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final CountDownLatch thaw = new CountDownLatch(1);
    private volatile boolean frozen;

    private FreezingProxy(ServerSocket listener, URI target) {
        this.listener = listener;
        this.target = target;
    }

    static FreezingProxy to(String jdbcUrl) throws IOException {
        URI target = URI.create(jdbcUrl.substring("jdbc:".length()));
        FreezingProxy proxy = new FreezingProxy(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), target);
        start(proxy::accept);
        return proxy;
    }

    String url() {
        return "jdbc:postgresql://127.0.0.1:" + listener.getLocalPort() + target.getPath() + "?" + target.getQuery();
    }

    void freeze() {
        frozen = true;
    }

    private void accept() {
        try {
            while (true) {
                Socket near = listener.accept();
                sockets.add(near);
                if (!frozen) {
                    Socket far = new Socket(target.getHost(), target.getPort());
                    sockets.add(far);
                    start(() -> pump(near, far));
                    start(() -> pump(far, near));
                }
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    private void pump(Socket from, Socket to) {
        try (InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream()) {
            byte[] buffer = new byte[8192];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                if (frozen) {
                    thaw.await();
                }
                out.write(buffer, 0, read);
                out.flush();
            }
            if (frozen) {
                thaw.await();
            }
        } catch (IOException e) {
            // Closed.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void start(Runnable work) {
        Thread thread = new Thread(work, "freezing-proxy");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        thaw.countDown();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
