package org.registrybbm.migrations.outbox;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.internal.failure.DatabaseFailures;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.TransactionSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The messages that wait for the webhook. Whatever transaction makes a migration fail or finish also writes the message about it, so no
 * message is lost, whichever replica dies. One replica at a time sends, by a lease of 30 s in the database. No connection is held while it
 * does. A message that was sent but not marked, because its sender died, is sent once more with the same id.
 *
 * <p>It is thread-safe. Every method throws {@link SchemaNotMigratedException} if the tables are missing and {@link DatabaseException} if
 * the database cannot be asked. Nothing was changed then.
 */
public final class Outbox {
    /** How often a message is tried. */
    public static final int MOST_ATTEMPTS = 20;

    /** For how long a message is tried. */
    public static final Duration LONGEST = Duration.ofHours(24);

    // A server that crashes may forget what was just marked. The message is then sent once more, as it may be anyway.
    private static final String SETTINGS =
            TransactionSettings.SHORT_TRANSACTION.stripTrailing() + ";\n" + TransactionSettings.NOT_FLUSHED_YET;

    private static final Logger LOGGER = LoggerFactory.getLogger(Outbox.class);

    private final DataSource dataSource;
    private final Subscriber subscriber;
    private volatile boolean started;

    /**
     * Creates an outbox, and changes nothing yet.
     *
     * @param dataSource connections to the database
     * @param subscriber the replica that sends
     */
    public Outbox(DataSource dataSource, Subscriber subscriber) {
        this.dataSource = dataSource;
        this.subscriber = subscriber;
    }

    /**
     * Does what is due besides sending: keeps messages being written, and once a minute, on one replica, looks for migrations that stand
     * still or have reached a mark. If nothing is due this is one statement. To be called every few seconds.
     *
     * @return whether {@link #claim} may find a message
     */
    public boolean attend() {
        if (!started) {
            change("listen for messages", tx -> WebhookQueries.listen(tx, subscriber));
            started = true;
        }
        Optional<WebhookQueries.Due> found =
                read("look for messages", connection -> WebhookQueries.due(connection, subscriber.endpoint()));
        if (found.isEmpty()) {
            // Somebody has deleted the row.
            started = false;
            return false;
        }
        WebhookQueries.Due due = found.get();
        if (due.renew()) {
            change("listen for messages", tx -> WebhookQueries.renew(tx, subscriber));
        }
        boolean told = due.look() && look();
        return due.send() || told;
    }

    /** Looks at the migrations. What cannot be read about one of them must not keep the messages about others. */
    private boolean look() {
        if (!change("look for migrations that stand still", WebhookQueries::beginLook)) {
            return false;
        }
        try {
            return change("write messages about migrations", Look::tell);
        } catch (RuntimeException e) {
            LOGGER.warn(
                    "the webhook could not look for migrations that stand still or have reached a mark; it looks again in a minute: {}",
                    e.getMessage());
            return false;
        }
    }

    /**
     * Takes the next message that is due, with the right to send.
     *
     * @param givenUp is told of each message that was given up, because it is too old or was tried too often
     * @return empty if no message is due, if another replica sends, or while the receiver is left alone after failures
     */
    public Optional<Delivery> claim(Consumer<Message> givenUp) {
        MessageClaims.Claim claim = change("take a message for the webhook", tx -> MessageClaims.claim(tx, subscriber));
        claim.givenUp().forEach(givenUp);
        return claim.delivery();
    }

    /** Forgets a message that was delivered. */
    public void delivered(Delivery delivery) {
        change("mark a message as delivered", tx -> {
            // Delivered is delivered, even if it took longer than the lease.
            MessageQueries.delete(tx, List.of(delivery.row()));
            return WebhookQueries.succeeded(tx, delivery.token());
        });
    }

    /**
     * Notes that a try failed. Unless this was its last try, the message is due again later. Meanwhile the receiver is left alone for up to
     * a minute, the longer the more tries in a row have failed, or for as long as it asked.
     *
     * @param delivery the message
     * @param why what went wrong, without secrets
     * @param again how much later to try again at the earliest
     * @param asked for how long the receiver asked to be left alone; zero if it did not
     */
    public void failed(Delivery delivery, String why, Duration again, Duration asked) {
        change("mark a message as not delivered", tx -> {
            boolean ours = WebhookQueries.failed(tx, delivery.token(), asked);
            // After the last try it is due at once, to be given up.
            Duration delay = delivery.attempt() >= MOST_ATTEMPTS ? Duration.ZERO : longer(again, asked);
            return ours && MessageQueries.postpone(tx, delivery.row(), why, delay);
        });
    }

    /**
     * Notes that the receiver wants no messages any more. All that wait are dropped, and none are written until a replica starts or has
     * another receiver.
     *
     * @param delivery the message that told so
     * @param why what to record for people, without secrets
     */
    public void gone(Delivery delivery, String why) {
        change("turn the webhook off", tx -> {
            boolean ours = WebhookQueries.gone(tx, delivery.token(), subscriber.endpoint());
            if (ours) {
                MessageQueries.deleteAll(tx);
                WebhookQueries.record(tx, "webhook_gone", why);
            }
            return ours;
        });
    }

    /** Gives a message back that could not be tried, such as at a shutdown. The try is not counted. */
    public void handBack(Delivery delivery) {
        change(
                "hand a message back",
                tx -> WebhookQueries.release(tx, delivery.token()) && MessageQueries.uncount(tx, delivery.row()));
    }

    private static Duration longer(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? other : one;
    }

    private <T> T read(String doing, Jdbc.Transaction<T> question) {
        try {
            return Jdbc.shortly(dataSource, question);
        } catch (SQLException e) {
            throw DatabaseFailures.of(doing, e);
        }
    }

    private <T> T change(String doing, Jdbc.Transaction<T> work) {
        try {
            return Jdbc.inTransaction(dataSource, tx -> {
                Jdbc.run(tx, SETTINGS);
                return work.run(tx);
            });
        } catch (SQLException e) {
            throw DatabaseFailures.of(doing, e);
        }
    }
}
