package org.registrybbm.migrations.testkit;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/** Runs something in a thread of its own, and lets the test hold it at a point of its choice. */
public final class Worker<T> {
    private static final long LONGEST_WAIT_SECONDS = 30;

    private final CompletableFuture<T> result;

    private Worker(CompletableFuture<T> result) {
        this.result = result;
    }

    public static <T> Worker<T> start(Supplier<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        result.complete(work.get());
                    } catch (Throwable e) {
                        result.completeExceptionally(e);
                    }
                },
                "test-worker");
        thread.setDaemon(true);
        thread.start();
        return new Worker<>(result);
    }

    public T result() {
        return resultWithin(LONGEST_WAIT_SECONDS);
    }

    public T resultWithin(long seconds) {
        try {
            return result.get(seconds, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new AssertionError("the worker threw", e.getCause());
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError("the worker did not come to its end", e);
        }
    }

    public boolean isDone() {
        return result.isDone();
    }

    /** A point that the first to reach it stays at until the test opens it; everybody else passes. */
    public static final class Gate {
        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch open = new CountDownLatch(1);
        private final AtomicBoolean taken = new AtomicBoolean();

        public void pass() {
            if (taken.compareAndSet(false, true)) {
                reached.countDown();
                await(open);
            }
        }

        public void awaitReached() {
            await(reached);
        }

        public void open() {
            open.countDown();
        }

        private static void await(CountDownLatch latch) {
            try {
                if (!latch.await(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS)) {
                    throw new IllegalStateException("waited in vain");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted", e);
            }
        }
    }
}
