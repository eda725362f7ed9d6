package org.registrybbm.migrations.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.registrybbm.migrations.Batch;

/**
 * Rows of one table that no sub-batch touches, as they are in the quarantine: only a retry does.
 *
 * @param identity how the table's rows are told apart
 * @param rows which ones
 */
record Spared(RowIdentity identity, List<JsonNode> rows) {
    /** Returns the condition that a row is none of them, to stand behind another one; empty when there are none. */
    String and(String qualifier) {
        return rows.isEmpty() ? "" : " AND NOT " + predicate(qualifier);
    }

    /** Returns a batch of rows of the table, by their identities as JSON texts. */
    Batch of(List<String> identities) {
        List<JsonNode> some = identities.stream().map(Keys::parse).toList();
        return new Batch(qualifier -> identity.predicate(some, qualifier));
    }

    /** Returns the condition that a row is one of them. */
    String predicate(String qualifier) {
        return identity.predicate(rows, qualifier);
    }
}
