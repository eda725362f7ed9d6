package org.registrybbm.scheduler.chaos;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;

/** Looks, ten times a second, whether a replica of one service waits for a replica of the other: they have nothing in common to lock. */
final class Crosstalk implements AutoCloseable {
    private static final int MILLIS_BETWEEN = 100;

    // Both write one book, so they may wait for each other when its file grows.
    private static final String WAITS = """
            SELECT concat_ws(' ', waiting.application_name, 'waits for', holding.application_name, waiting.wait_event,
                regexp_replace(waiting.query, '\\s+', ' ', 'g')) AS wait
            FROM pg_stat_activity waiting
            CROSS JOIN LATERAL unnest(pg_blocking_pids(waiting.pid)) AS blocking (pid)
            JOIN pg_stat_activity holding ON holding.pid = blocking.pid
            WHERE waiting.wait_event_type = 'Lock'
                AND waiting.wait_event <> 'extend'
                AND waiting.application_name ~ '^[rs][0-9]'
                AND holding.application_name ~ '^[rs][0-9]'
                AND left(waiting.application_name, 1) <> left(holding.application_name, 1)
            """;

    private final String url;
    private final Timeline timeline;
    private final Thread thread = new Thread(this::run, "crosstalk");
    private volatile boolean closed;

    Crosstalk(String url, Timeline timeline) {
        this.url = url;
        this.timeline = timeline;
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        try {
            thread.join(5_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            while (!closed) {
                look();
                TimeUnit.MILLISECONDS.sleep(MILLIS_BETWEEN);
            }
        } catch (InterruptedException e) {
            // It is closed.
        }
    }

    private void look() throws InterruptedException {
        try (Connection connection = DriverManager.getConnection(url);
                PreparedStatement statement = connection.prepareStatement(WAITS)) {
            while (!closed) {
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        timeline.complain("crosstalk", rows.getString("wait"));
                    }
                }
                TimeUnit.MILLISECONDS.sleep(MILLIS_BETWEEN);
            }
        } catch (SQLException e) {
            // The server is away; it is looked at again when it is back.
        }
    }
}
