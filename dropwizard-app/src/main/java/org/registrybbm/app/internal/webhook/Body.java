package org.registrybbm.app.internal.webhook;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.registrybbm.app.internal.secrets.Scrubber;
import org.registrybbm.migrations.outbox.Message;
import org.registrybbm.migrations.outbox.MessageEvent;

/** How a message is written. It never holds row values or secrets. */
public enum Body {
    /** As Standard Webhooks recommends: {@code type}, {@code timestamp} and {@code data}. */
    JSON {
        @Override
        String of(Message message) {
            Message.State state = message.state();
            ObjectNode root = MAPPER.createObjectNode()
                    .put("type", "batched_migration." + message.event().word())
                    .put("timestamp", message.at().toString());
            root.putObject("data")
                    .put("migration", state.migration())
                    .put("migration_id", Long.toString(state.migrationId()))
                    .put("table", state.table())
                    .put("status", state.status())
                    .put("reason", state.reason())
                    .put("sentence", Scrubber.scrub(state.sentence()))
                    .put("command", state.command())
                    .put("percent", state.percent())
                    .put("migrated_tuple_count", state.migratedTupleCount())
                    .put("quarantined_rows", state.quarantinedRows());
            return write(root);
        }
    },
    /** As Slack, Mattermost and others take it: {@code text}. */
    SLACK {
        @Override
        String of(Message message) {
            Message.State state = message.state();
            String command = state.command();
            String text = "*" + escaped(state.migration()) + "* (" + escaped(state.table()) + ") "
                    + words(message.event()) + "\n" + escaped(Scrubber.scrub(state.sentence()))
                    + (command == null ? "" : "\n`" + escaped(command) + "`");
            return write(MAPPER.createObjectNode().put("text", text));
        }
    };

    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** Returns what to send. */
    abstract String of(Message message);

    private static String words(MessageEvent event) {
        return switch (event) {
            case FAILED -> "has failed";
            case STALLED -> "stands still";
            case QUARANTINED -> "has rows that could not be changed";
            case FINISHED -> "is finished";
            case PROGRESS -> "is on its way";
            case TEST -> "is a test";
        };
    }

    // Slack takes these three for markup: links, channels, and everybody who reads a channel.
    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    private static String write(ObjectNode node) {
        try {
            return MAPPER.writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a message cannot be written as JSON", e);
        }
    }
}
