package org.registrybbm.app.internal.text.answer;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.text.PrettyJson;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.status.Pace;

/** Shows batched migrations to programs: a JSON array with an object for each migration. */
public final class StatusJson {
    private final ObjectMapper mapper = new ObjectMapper();

    public String render(List<MigrationOverview> overviews) {
        ArrayNode array = mapper.createArrayNode();
        overviews.forEach(overview -> array.add(node(overview)));
        return PrettyJson.of(array);
    }

    /** Returns the object of one migration. */
    public ObjectNode node(MigrationOverview overview) {
        BatchedMigration migration = overview.migration();
        ObjectNode node = mapper.createObjectNode()
                .put("id", migration.id())
                .put("name", migration.name())
                .put("status", migration.status().word())
                .put("priority", overview.priority())
                .put("attention", overview.reason().code().attention().name().toLowerCase(Locale.ROOT))
                .put("reason", overview.reason().code().word())
                .put("explanation", overview.explanation())
                .put("command", overview.reason().command().orElse(null));
        overview.progressPercent()
                .ifPresentOrElse(
                        percent -> node.put("progress_percent", percent), () -> node.putNull("progress_percent"));
        node.put("total_tuple_count", migration.totalTupleCount());
        overview.expectedTupleCount()
                .ifPresentOrElse(
                        rows -> node.put("expected_tuple_count", rows), () -> node.putNull("expected_tuple_count"));
        node.put("covered_tuple_count", overview.coveredTupleCount())
                .put("migrated_tuple_count", overview.migratedTupleCount())
                .put("finished_jobs", overview.finishedJobs())
                .put("failed_jobs", overview.failedJobs())
                .put("active_jobs", overview.activeJobs())
                .put("quarantined_rows", overview.quarantinedRows())
                .put("takeovers", overview.takeovers())
                .put("table", migration.definition().table())
                .put("column", migration.definition().column())
                .put("job_signature", migration.definition().signature())
                .put("batching_strategy", migration.definition().strategy())
                .put("started_at", text(migration.timeline().startedAt()))
                .put("finished_at", text(migration.timeline().finishedAt()))
                .put("verified_at", text(migration.timeline().verifiedAt()));
        node.set("pace", overview.pace().map(this::pace).orElse(null));
        ArrayNode replicas = node.putArray("replicas");
        overview.replicas().forEach(replicas::add);
        node.set("failure", nullable(migration.failure()));
        return node;
    }

    private ObjectNode pace(Pace pace) {
        ObjectNode node = mapper.createObjectNode().put("rows_per_second", Math.round(pace.rowsPerSecond()));
        pace.left()
                .ifPresent(left -> node.put("least_seconds_left", left.least().toSeconds())
                        .put("most_seconds_left", left.most().toSeconds()));
        return node;
    }

    private @Nullable ObjectNode nullable(@Nullable Failure failure) {
        return failure == null ? null : failure(failure);
    }

    /** Returns the object of one failure. */
    public static ObjectNode failure(Failure failure) {
        return PrettyJson.object()
                .put("code", failure.code().code())
                .put("word", failure.code().word())
                .put("error_class", failure.errorClass())
                .put("sql_state", failure.sqlState())
                .put("message", failure.message());
    }

    private static @Nullable String text(@Nullable Instant instant) {
        return instant == null ? null : instant.toString();
    }
}
