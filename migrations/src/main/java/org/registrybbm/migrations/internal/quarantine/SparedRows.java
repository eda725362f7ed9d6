package org.registrybbm.migrations.internal.quarantine;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.registrybbm.migrations.internal.catalog.KeyJson;
import org.registrybbm.migrations.internal.catalog.RowIdentity;
import org.registrybbm.migrations.work.Batch;

/**
 * Rows of one table that no sub-batch touches, as they are in the quarantine: only a retry does. Where they are few, each is a literal of
 * the condition that finds them; else the condition looks them up in the quarantine, so that no statement grows with it.
 *
 * @param identity how the table's rows are told apart
 * @param entries where the quarantine has them
 * @param rows the condition that a row is one of them, behind the table's qualifier; empty when there are none
 * @param lookups what the condition looks up: of a table that had no key once there are entries of both kinds; empty where it has literals
 */
public record SparedRows(
        RowIdentity identity,
        SparedQueries.Entries entries,
        Optional<UnaryOperator<String>> rows,
        List<RowIdentity> lookups) {

    public static SparedRows listed(RowIdentity identity, SparedQueries.Entries entries, List<JsonNode> rows) {
        return new SparedRows(
                identity,
                entries,
                rows.isEmpty() ? Optional.empty() : Optional.of(qualifier -> identity.predicate(rows, qualifier)),
                List.of());
    }

    public boolean isEmpty() {
        return rows.isEmpty();
    }

    /** Returns the condition that a row is none of them, to stand behind another one; empty when there are none. */
    public String and(String qualifier) {
        return isEmpty() ? "" : " AND NOT " + predicate(qualifier);
    }

    /** Returns a batch of rows of the table, by their identities as JSON texts. */
    public Batch of(List<String> identities) {
        List<JsonNode> some = identities.stream().map(KeyJson::parse).toList();
        return new Batch(qualifier -> identity.predicate(some, qualifier));
    }

    /** Returns the condition that a row is one of them. */
    public String predicate(String qualifier) {
        return rows.map(condition -> condition.apply(qualifier)).orElse("false");
    }
}
