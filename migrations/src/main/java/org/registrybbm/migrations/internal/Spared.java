package org.registrybbm.migrations.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * Rows of one table that no sub-batch touches, as they are in the quarantine: only a retry does.
 *
 * @param identity how the table's rows are told apart
 * @param rows which ones
 */
record Spared(RowIdentity identity, List<JsonNode> rows) {
    /** Returns the condition that a row is none of them, to stand behind another one; empty when there are none. */
    String and(String qualifier) {
        return rows.isEmpty() ? "" : " AND NOT " + identity.predicate(rows, qualifier);
    }
}
