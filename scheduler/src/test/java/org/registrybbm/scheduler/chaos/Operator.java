package org.registrybbm.scheduler.chaos;

import java.sql.SQLException;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Looks after the migrations with rows that refuse: one {@link Remedy} after the other, while the faults go on and until every such migration
 * is finished. The others are started again when their work function was broken. What the database could not be asked for is asked again.
 */
final class Operator implements AutoCloseable {
    private static final int MILLIS_BETWEEN = 150;
    private static final int MOST_ROWS = 12;

    /** The connection, the server, a lock, a time-out: what passes by itself. */
    private static final Pattern PASSES = Pattern.compile("(08|40|53|55|57)...|25P03");

    private final Desk desk;
    private final Random random;
    private final Timeline timeline;
    private final Thread thread;
    private final ReentrantLock working = new ReentrantLock(true);
    private List<Target> refusing = List.of();
    private List<Target> others = List.of();
    private @Nullable Task task;
    private volatile boolean closed;
    private volatile @Nullable Throwable failure;

    private record Task(List<Target> targets, Remedy remedy) {}

    Operator(String url, long seed, Timeline timeline) {
        this.desk = new Desk(url, timeline);
        this.random = new Random(seed);
        this.timeline = timeline;
        this.thread = new Thread(this::run, "operator");
        thread.setDaemon(true);
        thread.start();
    }

    /** Changes what it looks after; when this returns, it has left the former ones alone. */
    void lookAfter(List<Target> targets) {
        working.lock();
        try {
            refusing = targets.stream()
                    .filter(target -> target.workload().refuses())
                    .toList();
            others = targets.stream()
                    .filter(target -> !target.workload().refuses())
                    .toList();
            task = null;
        } finally {
            working.unlock();
        }
    }

    /** Throws what it could not go on for. */
    void requireWell() {
        Throwable thrown = failure;
        if (thrown != null) {
            throw new AssertionError("the operator", thrown);
        }
    }

    /** What it did until now. */
    String summary() {
        return desk.summary();
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        try {
            thread.join(20_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            while (!closed) {
                TimeUnit.MILLISECONDS.sleep(MILLIS_BETWEEN);
                step();
            }
        } catch (InterruptedException e) {
            // It is closed.
        } catch (Throwable e) {
            timeline.add("operator", "failed: " + e);
            failure = e;
        }
    }

    private void step() {
        working.lock();
        try {
            if (!others.isEmpty()) {
                Task left = task;
                Task now = left == null ? next() : left;
                task = succeeds(now, left == null) ? null : now;
            }
        } finally {
            working.unlock();
        }
    }

    private Task next() {
        // Every service has tables without such rows, and the neighbour has no others.
        return refusing.isEmpty() || random.nextInt(3) == 0
                ? new Task(others, new Remedy.StartAgain(random.nextBoolean()))
                : new Task(List.of(refusing.get(random.nextInt(refusing.size()))), remedy());
    }

    private boolean succeeds(Task now, boolean first) {
        try {
            now.targets().forEach(target -> now.remedy().at(target, desk));
            return true;
        } catch (RuntimeException e) {
            if (!passes(e)) {
                throw e;
            }
            if (first) {
                String name = now.targets().get(0).migration();
                timeline.add("operator", "tries again %s of %s: %s".formatted(now.remedy(), name, e.getMessage()));
            }
            return false;
        }
    }

    private Remedy remedy() {
        int some = random.nextInt(1, MOST_ROWS);
        return switch (random.nextInt(10)) {
            case 0, 1, 2 -> new Remedy.Mend(some);
            case 3, 4, 5 -> new Remedy.Waive(some);
            case 6 -> new Remedy.MendWaived(some);
            case 7 -> new Remedy.Retry();
            case 8 -> new Remedy.SetActive();
            default -> new Remedy.SetLimit(4 + some);
        };
    }

    private static boolean passes(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql
                    && sql.getSQLState() != null
                    && PASSES.matcher(sql.getSQLState()).matches()) {
                return true;
            }
        }
        return false;
    }
}
