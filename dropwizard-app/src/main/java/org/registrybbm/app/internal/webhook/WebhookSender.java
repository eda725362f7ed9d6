package org.registrybbm.app.internal.webhook;

import io.dropwizard.lifecycle.Managed;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.outbox.Delivery;
import org.registrybbm.migrations.outbox.Message;
import org.registrybbm.migrations.outbox.Outbox;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends the messages of the outbox in a thread of its own, so that no work ever waits for it. Every replica has one; the outbox lets one of
 * them send at a time.
 */
public final class WebhookSender implements Managed {
    private static final Logger LOGGER = LoggerFactory.getLogger(WebhookSender.class);
    private static final Duration POLL = Duration.ofSeconds(10);

    private final Outbox outbox;
    private final Endpoint endpoint;
    private final Outcomes outcomes;
    private final Backoff backoff;
    private final Semaphore news = new Semaphore(0);
    private volatile boolean stopped;
    private @Nullable Thread thread;
    private boolean complained;
    private boolean failing;

    /**
     * Creates a sender that does nothing yet.
     *
     * @param outbox the messages
     * @param endpoint who receives them
     * @param outcomes is told what became of each try
     * @param random returns numbers from 0 to 1, for the times between tries
     */
    public WebhookSender(Outbox outbox, Endpoint endpoint, Outcomes outcomes, DoubleSupplier random) {
        this.outbox = outbox;
        this.endpoint = endpoint;
        this.outcomes = outcomes;
        this.backoff = new Backoff(random);
    }

    @Override
    public synchronized void start() {
        Thread started = new Thread(this::run, "bbm-webhook");
        started.setDaemon(true);
        thread = started;
        started.start();
    }

    @Override
    public synchronized void stop() throws InterruptedException {
        stopped = true;
        Thread running = thread;
        if (running != null) {
            running.interrupt();
            running.join();
        }
    }

    /** Has the outbox looked at soon. Returns at once. */
    public void wake() {
        news.release();
    }

    private void run() {
        while (!stopped) {
            try {
                turn();
                complained = false;
            } catch (InterruptedException e) {
                return;
            } catch (Throwable e) {
                // Nobody else would notice that this thread has ended.
                complain(e);
            }
            try {
                boolean woken = news.tryAcquire(POLL.toMillis(), TimeUnit.MILLISECONDS);
                if (woken) {
                    news.drainPermits();
                }
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void complain(Throwable e) {
        if (stopped) {
            LOGGER.debug("the webhook stops", e);
        } else if (complained) {
            LOGGER.debug("the webhook still cannot read its messages", e);
        } else {
            LOGGER.warn(
                    "the webhook cannot read its messages; it tries again every {} s, and batched migrations go on without it: {}",
                    POLL.toSeconds(),
                    e.getMessage());
        }
        complained = true;
    }

    /** Sends what is due now. */
    void turn() throws InterruptedException {
        if (!outbox.attend()) {
            return;
        }
        Optional<Delivery> next = outbox.claim(this::givenUp);
        while (next.isPresent() && !stopped) {
            send(next.get());
            next = outbox.claim(this::givenUp);
        }
        next.ifPresent(outbox::handBack);
    }

    private void send(Delivery delivery) throws InterruptedException {
        Answer answer;
        try {
            answer = endpoint.send(delivery.message());
        } catch (InterruptedException e) {
            outbox.handBack(delivery);
            throw e;
        }
        if (answer instanceof Answer.Accepted) {
            outbox.delivered(delivery);
            outcomes.delivered();
            LOGGER.info("the webhook told {}: {}", endpoint.shown(), named(delivery.message()));
            failing = false;
        } else if (answer instanceof Answer.Failed failed) {
            outcomes.failed();
            Duration again = backoff.after(delivery.attempt());
            outbox.failed(delivery, failed.text(), again, failed.asked());
            complain(delivery, failed.text());
        } else {
            outcomes.givenUp();
            outbox.gone(delivery, answer.text());
            LOGGER.warn(
                    "the webhook is off, because {}: all waiting messages were dropped, and no more are written until a replica starts"
                            + " or the configuration has another URL",
                    answer.text());
        }
    }

    // One warning for all tries until the next success, as the receiver may be away for long.
    private void complain(Delivery delivery, String why) {
        if (failing) {
            LOGGER.debug("the webhook could not tell {}: {}", named(delivery.message()), why);
        } else {
            LOGGER.warn(
                    "the webhook could not tell {}: {}; it is tried again for up to {} h, and batched migrations go on meanwhile",
                    named(delivery.message()),
                    why,
                    Outbox.LONGEST.toHours());
        }
        failing = true;
    }

    private void givenUp(Message message) {
        outcomes.givenUp();
        LOGGER.warn(
                "the webhook gave up to tell {}, which was tried up to {} times for up to {} h; the events of the migration say why the last"
                        + " try failed, and 'registry webhook test' tries again",
                named(message),
                Outbox.MOST_ATTEMPTS,
                Outbox.LONGEST.toHours());
    }

    private static String named(Message message) {
        return "'" + message.event().word() + "' of '" + message.state().migration() + "'";
    }
}
