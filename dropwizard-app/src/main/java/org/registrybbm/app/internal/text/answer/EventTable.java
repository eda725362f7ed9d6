package org.registrybbm.app.internal.text.answer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.registrybbm.app.internal.text.PrettyJson;
import org.registrybbm.app.internal.text.TextTable;
import org.registrybbm.migrations.audit.RecordedEvent;

/** Shows what was decided about a migration: as a table for people, and as JSON for programs. */
public final class EventTable {
    /** How many events are shown by default. */
    public static final int DEFAULT_LIMIT = 50;

    private EventTable() {}

    /** Returns a table with a row for each event, in the given order. */
    public static String render(List<RecordedEvent> events) {
        TextTable table = new TextTable("When", "Event", "Old", "New", "By", "Batch Job", "Why");
        for (RecordedEvent event : events) {
            table.add(
                    TextTable.at(event.at()),
                    event.event(),
                    TextTable.of(event.oldValue()),
                    TextTable.of(event.newValue()),
                    by(event),
                    TextTable.of(event.batchJobId()),
                    TextTable.of(event.reason()));
        }
        return table.toString();
    }

    /** Names the person and the way, or the replica. */
    public static String by(RecordedEvent event) {
        return event.actor() == null ? TextTable.of(event.replica()) : event.actor() + " (" + event.via() + ")";
    }

    /** Returns a JSON array with an object for each event. */
    public static String json(List<RecordedEvent> events) {
        ArrayNode array = PrettyJson.array();
        events.forEach(event -> array.add(node(event)));
        return PrettyJson.of(array);
    }

    /** Returns the object of one event. */
    public static ObjectNode node(RecordedEvent event) {
        return PrettyJson.object()
                .put("id", event.id())
                .put("migration", event.migration())
                .put("at", PrettyJson.at(event.at()))
                .put("event", event.event())
                .put("old_value", event.oldValue())
                .put("new_value", event.newValue())
                .put("replica", event.replica())
                .put("batch_job_id", event.batchJobId())
                .put("reason", event.reason())
                .put("actor", event.actor())
                .put("via", event.via());
    }
}
