package org.registrybbm.app.internal.text.answer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.registrybbm.app.internal.text.PrettyJson;
import org.registrybbm.app.internal.text.TextTable;
import org.registrybbm.migrations.quarantine.QuarantinedRow;

/** Shows rows that could not be changed: as a table for people, and as JSON for programs. */
public final class QuarantineTable {
    private QuarantineTable() {}

    /** Returns a table with a line for each row, in the given order. */
    public static String render(List<QuarantinedRow> rows) {
        TextTable table = new TextTable(
                "Id", "Migration", "Table", "Row", "Status", "SQLSTATE", "Why", "Attempts", "Since", "Waived");
        for (QuarantinedRow row : rows) {
            table.add(
                    Long.toString(row.id()),
                    row.migration(),
                    row.table(),
                    row.key(),
                    row.status().word(),
                    TextTable.of(row.sqlState()),
                    row.message(),
                    Integer.toString(row.attempts()),
                    TextTable.at(row.quarantinedAt()),
                    row.status() == QuarantinedRow.Status.WAIVED
                            ? row.waivedBy() + ": " + row.waivedReason()
                            : TextTable.of(null));
        }
        return table.toString();
    }

    /** Returns a JSON array with an object for each row. */
    public static String json(List<QuarantinedRow> rows) {
        ArrayNode array = PrettyJson.array();
        rows.forEach(row -> array.add(node(row)));
        return PrettyJson.of(array);
    }

    /** Returns the object of one row. */
    public static ObjectNode node(QuarantinedRow row) {
        ObjectNode node = PrettyJson.object();
        node.put("id", row.id())
                .put("migration", row.migration())
                .put("table", row.table())
                .put("status", row.status().word())
                .put("error_class", row.errorClass())
                .put("sql_state", row.sqlState())
                .put("message", row.message())
                .put("attempts", row.attempts())
                .put("quarantined_at", PrettyJson.at(row.quarantinedAt()))
                .put("settled_at", PrettyJson.at(row.settledAt()))
                .put("waived_by", row.waivedBy())
                .put("waived_reason", row.waivedReason())
                .set("row_key", PrettyJson.parse(row.key()));
        return node;
    }
}
