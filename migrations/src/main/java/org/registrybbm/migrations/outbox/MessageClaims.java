package org.registrybbm.migrations.outbox;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.status.OverviewQueries;
import org.registrybbm.migrations.status.Reason;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hands the next message to one replica. Before its first try, it writes down what the message says, so that each try says the same. */
final class MessageClaims {
    private static final Logger LOGGER = LoggerFactory.getLogger(MessageClaims.class);
    private static final String PROGRAM = "registry background-migrate quarantine";

    private MessageClaims() {}

    /** A message to send, and those that nobody will send any more. */
    record Claim(Optional<Delivery> delivery, List<Message> givenUp) {}

    static Claim claim(Connection tx, Subscriber subscriber) throws SQLException {
        Optional<Long> token = WebhookQueries.lease(tx, subscriber);
        if (token.isEmpty()) {
            return new Claim(Optional.empty(), List.of());
        }
        List<Message> givenUp = MessageQueries.giveUp(tx, Outbox.LONGEST, Outbox.MOST_ATTEMPTS);
        Optional<MessageQueries.Waiting> next = MessageQueries.next(tx);
        while (next.isPresent()) {
            Optional<Message> message = written(tx, next.get());
            if (message.isPresent()) {
                MessageQueries.countAttempt(tx, next.get().id());
                Delivery delivery =
                        new Delivery(next.get().id(), token.get(), next.get().attempts() + 1, message.get());
                return new Claim(Optional.of(delivery), givenUp);
            }
            MessageQueries.delete(tx, List.of(next.get().id()));
            next = MessageQueries.next(tx);
        }
        WebhookQueries.release(tx, token.get());
        return new Claim(Optional.empty(), givenUp);
    }

    /** Returns what to send; empty if it is not true any more. */
    private static Optional<Message> written(Connection tx, MessageQueries.Waiting next) throws SQLException {
        if (next.isWritten()) {
            return Optional.of(next.message());
        }
        if (next.message().event() == MessageEvent.QUARANTINED) {
            MessageQueries.deleteOthersOfQuarantine(tx, next);
        }
        Message message = next.message();
        MigrationOverview now = now(tx, message.state()).orElse(null);
        Optional<Message.State> state = state(next, now);
        if (state.isPresent()) {
            MessageQueries.say(tx, next.id(), state.get());
        }
        return state.map(told -> new Message(message.id(), message.event(), message.at(), told));
    }

    /** Reads the state of a migration; empty if it was deleted or cannot be read, because what is known is told in any case. */
    private static Optional<MigrationOverview> now(Connection tx, Message.State known) throws SQLException {
        Savepoint before = tx.setSavepoint();
        try {
            return OverviewQueries.list(tx, List.of(known.migration())).stream()
                    .filter(one -> one.migration().id() == known.migrationId())
                    .findFirst();
        } catch (SQLException | RuntimeException e) {
            tx.rollback(before);
            LOGGER.debug("the state of '{}' could not be read for a message", known.migration(), e);
            return Optional.empty();
        }
    }

    private static Optional<Message.State> state(MessageQueries.Waiting next, @Nullable MigrationOverview now) {
        Message.State known = next.message().state();
        return switch (next.message().event()) {
            case FINISHED -> finished(known, now);
            case QUARANTINED ->
                now != null && now.quarantinedRows() == 0
                        ? Optional.empty()
                        : Optional.of(States.of(known, now, quarantined(known.migration(), now)));
            default -> Optional.of(States.of(known, now, OverviewQueries.failed(known.migration(), next.failure())));
        };
    }

    // Somebody may have set it to finished while batch jobs were left, and a replica made it active again.
    private static Optional<Message.State> finished(Message.State known, @Nullable MigrationOverview now) {
        if (now == null) {
            return Optional.of(States.of(
                    known, null, new Reason(Reason.Code.UNVERIFIED, "every batch is done", Optional.empty())));
        }
        boolean is = now.migration().status() == MigrationStatus.FINISHED
                && now.reason().code().attention() == Reason.Attention.DONE;
        return is ? Optional.of(States.of(known, now, now.reason())) : Optional.empty();
    }

    private static Reason quarantined(String name, @Nullable MigrationOverview now) {
        String sentence = now == null
                ? "rows could not be changed and wait in quarantine"
                : rows(now.quarantinedRows())
                        + (now.migration().status().isRunnable() ? "; the batched migration goes on without them" : "");
        return new Reason(Reason.Code.QUARANTINED_ROWS, sentence, Optional.of(PROGRAM + Reason.option(name)));
    }

    private static String rows(long rows) {
        return rows == 1
                ? "1 row could not be changed and waits in quarantine"
                : rows + " rows could not be changed and wait in quarantine";
    }
}
