package org.registrybbm.app.internal.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.operate.Effect;
import org.registrybbm.app.internal.snapshot.Snapshots;
import org.registrybbm.app.internal.text.PrettyJson;
import org.registrybbm.app.internal.text.answer.BudgetTable;
import org.registrybbm.app.internal.text.answer.StatusJson;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.status.BatchJobOverview;
import org.registrybbm.migrations.status.KeyMap;
import org.registrybbm.migrations.status.Replica;
import org.registrybbm.migrations.status.Sample;
import org.registrybbm.migrations.verification.Verification;

/** The JSON of the API. What the commands print too, they say. */
final class Json {
    private static final StatusJson STATUS = new StatusJson();

    private Json() {}

    static <T> ArrayNode array(List<T> all, Function<T, ? extends JsonNode> node) {
        ArrayNode array = PrettyJson.array();
        all.forEach(one -> array.add(node.apply(one)));
        return array;
    }

    /** A page of a list: at most so many, and where the next one begins. */
    static <T> ObjectNode page(List<T> all, int limit, Function<T, ? extends JsonNode> node, Function<T, Long> id) {
        List<T> shown = all.subList(0, Math.min(limit, all.size()));
        ObjectNode page = PrettyJson.object();
        page.set("items", array(shown, node));
        page.put("next", all.size() > limit ? id.apply(shown.get(shown.size() - 1)) : null);
        return page;
    }

    static ObjectNode seen(Snapshots.Seen seen) {
        ObjectNode node = PrettyJson.object()
                .put("taken_at", seen.snapshot().takenAt().toString())
                .put("age_seconds", seen.age().toMillis() / 1000.0)
                .put("answered", seen.answered());
        node.set("migrations", array(seen.snapshot().migrations(), STATUS::node));
        node.set("replicas", array(seen.snapshot().replicas(), Json::replica));
        node.set("budgets", array(seen.snapshot().budgets(), BudgetTable::node));
        return node;
    }

    static ObjectNode replica(Replica replica) {
        return PrettyJson.object().put("name", replica.name()).put("batch_jobs", replica.batchJobs());
    }

    static ObjectNode sample(Sample sample) {
        return PrettyJson.object()
                .put("at", sample.at().toString())
                .put("covered_tuple_count", sample.coveredTupleCount())
                .put("migrated_tuple_count", sample.migratedTupleCount());
    }

    static ObjectNode map(KeyMap map) {
        ObjectNode node = PrettyJson.object().put("first", map.first()).put("last", map.last());
        ArrayNode cells = node.putArray("cells");
        map.cells().forEach(cell -> cells.add(cell.word()));
        return node;
    }

    static ObjectNode batchJob(BatchJobOverview overview) {
        BatchJob job = overview.job();
        ObjectNode node = PrettyJson.object()
                .put("id", job.id())
                .put("kind", overview.kind())
                .put("table", overview.table())
                .put("status", job.status().word())
                .put("held", overview.held())
                .put("replica", job.leaseOwner())
                .put("attempts", job.attempts())
                .put("takeovers", job.takeovers())
                .put("folded_jobs", overview.foldedJobs())
                .put("sub_batch_size", job.subBatchSize())
                .put("covered_tuple_count", job.coveredTupleCount())
                .put("migrated_tuple_count", job.migratedTupleCount())
                .put("busy_ms", overview.busyMillis())
                .put("started_at", PrettyJson.at(overview.startedAt()))
                .put("finished_at", PrettyJson.at(overview.finishedAt()))
                .put("retry_at", PrettyJson.at(overview.retryAt()))
                .put("blocked_by", overview.blockedBy());
        // Other keys are values of rows.
        boolean numbers = job.range().after() == null && job.range().through() == null;
        node.put("min_value", numbers ? job.range().min() : null);
        node.put("max_value", numbers ? job.range().max() : null);
        node.set("failure", failure(overview.failure()));
        return node;
    }

    private static @Nullable ObjectNode failure(@Nullable Failure failure) {
        return failure == null ? null : StatusJson.failure(failure);
    }

    static ObjectNode verification(Verification last) {
        Verification.Ended ended = last.ended();
        return PrettyJson.object()
                .put("migration", last.migration())
                .put("state", last.state().name().toLowerCase(Locale.ROOT))
                .put("replica", last.replica())
                .put("asked_by", last.askedBy())
                .put("started_at", last.startedAt().toString())
                .put("rows_read", last.rowsRead())
                .put("ended_at", ended == null ? null : ended.at().toString())
                .put("verdict", ended == null ? null : ended.verdict().name().toLowerCase(Locale.ROOT))
                .put("rows_left", ended == null ? null : ended.left())
                .put("explanation", ended == null ? null : ended.explanation());
    }

    static ObjectNode effects(List<Effect> effects, boolean dryRun) {
        ObjectNode node = PrettyJson.object().put("dry_run", dryRun);
        node.set(
                "changes",
                array(
                        effects,
                        one -> PrettyJson.object().put("subject", one.subject()).put("change", one.text())));
        return node;
    }
}
