package org.registrybbm.migrations.internal.quarantine;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.registrybbm.migrations.internal.catalog.KeyJson;
import org.registrybbm.migrations.internal.catalog.RowIdentity;
import org.registrybbm.migrations.work.Batch;

/**
 * The rows of one table that sub-batches leave out because they are in quarantine; only a retry touches them. A few rows become literals in
 * a condition. Many rows are looked up in the quarantine by a condition, so that no statement grows with the quarantine.
 *
 * @param identity how the table's rows are told apart
 * @param entries where the quarantine holds them
 * @param rows makes the condition that a row is one of them, given the table's qualifier; empty if there are none
 * @param lookups the identities by which the condition looks rows up, two for a table that once had no key; empty if the condition has
 *     literals
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

    /** Returns the condition that a row is none of them, to append to another condition; an empty text if there are none. */
    public String and(String qualifier) {
        return isEmpty() ? "" : " AND NOT " + predicate(qualifier);
    }

    /** Returns a batch of the rows with the given identities, as JSON texts. */
    public Batch of(List<String> identities) {
        List<JsonNode> some = identities.stream().map(KeyJson::parse).toList();
        return new Batch(qualifier -> identity.predicate(some, qualifier));
    }

    /** Returns the condition that a row is one of them. */
    public String predicate(String qualifier) {
        return rows.map(condition -> condition.apply(qualifier)).orElse("false");
    }
}
