package org.registrybbm.app.internal.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.UriInfo;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.operate.Decision;
import org.registrybbm.app.internal.snapshot.Snapshots;
import org.registrybbm.app.internal.text.BudgetOptions;
import org.registrybbm.app.internal.text.answer.BudgetTable;
import org.registrybbm.app.internal.text.answer.EventTable;
import org.registrybbm.app.internal.web.Problem;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.audit.RecordedEvent;
import org.registrybbm.migrations.budget.Budget.Scope;
import org.registrybbm.migrations.budget.Budget.Subject;

/** Answers what is asked of the fleet as a whole. */
@Path("")
@Produces(MediaType.APPLICATION_JSON)
public final class FleetResource {
    private static final int PAGE = 100;
    private static final int MOST = 1_000;

    private final BatchedMigrations engine;
    private final Snapshots snapshots;
    private final Decisions decisions;

    FleetResource(BatchedMigrations engine, Snapshots snapshots, Decisions decisions) {
        this.engine = engine;
        this.snapshots = snapshots;
        this.decisions = decisions;
    }

    /** Tells everything at once. */
    @GET
    @Path("status")
    public ObjectNode status(@Context UriInfo uri) {
        Query.of(uri);
        return Json.seen(Fleet.seen(snapshots));
    }

    /** Lists the replicas. */
    @GET
    @Path("replicas")
    public ArrayNode replicas(@Context UriInfo uri) {
        Query.of(uri);
        return Json.array(Fleet.seen(snapshots).snapshot().replicas(), Json::replica);
    }

    /** Lists the budgets. */
    @GET
    @Path("budgets")
    public ArrayNode budgets(@Context UriInfo uri) {
        Query.of(uri);
        return Json.array(Fleet.seen(snapshots).snapshot().budgets(), BudgetTable::node);
    }

    /** Lists what was decided: the newest first, or, from one event on, the oldest first. */
    @GET
    @Path("events")
    public ObjectNode events(@Context UriInfo uri) {
        Query query = Query.of(uri, "before", "after", "actor", "limit");
        int limit = (int) query.number("limit", PAGE, 1, MOST - 1);
        if (query.text("after") != null) {
            if (query.text("before") != null || query.text("actor") != null) {
                throw Problem.thrown(400, "the parameter 'after' goes with 'limit' only");
            }
            long after = query.number("after", 0, 0, Long.MAX_VALUE);
            return Json.page(engine.eventLog().after(after, limit + 1), limit, EventTable::node, RecordedEvent::id);
        }
        long before = query.number("before", Long.MAX_VALUE, 1, Long.MAX_VALUE);
        return Json.page(
                engine.eventLog().before(before, query.text("actor"), limit + 1),
                limit,
                EventTable::node,
                RecordedEvent::id);
    }

    /** Pauses, starts or retries several migrations at once. */
    @POST
    @Path("actions")
    public ObjectNode act(@Context ContainerRequestContext request, InputStream stream) {
        Body body = Body.read(stream, "action", "ids");
        List<String> names = body.ids("ids", MOST).stream()
                .map(id -> Fleet.find(snapshots, id)
                        .orElseThrow(() -> Problem.thrown(
                                404, "there is no migration with the id " + id + "; nothing was changed"))
                        .migration()
                        .name())
                .toList();
        if (names.isEmpty()) {
            throw Problem.thrown(400, "'ids' is missing; nothing was changed");
        }
        return decisions.run(request, body, decision(body.text("action"), names));
    }

    private static Decision decision(@Nullable String action, List<String> names) {
        return switch (Objects.requireNonNullElse(action, "")) {
            case "pause" -> new Decision.Pause(names);
            case "start" -> new Decision.Start(names);
            case "retry" -> new Decision.Retry(names);
            default -> throw Problem.thrown(400, "'action' must be pause, start or retry; nothing was changed");
        };
    }

    /** Changes a budget. */
    @PUT
    @Path("budgets")
    public ObjectNode setBudget(@Context UriInfo uri, @Context ContainerRequestContext request, InputStream stream) {
        Subject subject = subject(Query.of(uri, "scope", "subject"));
        Body body = Body.read(stream, "batch_jobs", "rows_per_second", "migrations");
        BudgetOptions options = new BudgetOptions(
                null, null, body.limit("batch_jobs"), body.limit("rows_per_second"), body.limit("migrations"));
        return decisions.run(request, body, new Decision.Limit(subject, options.change()));
    }

    /** Removes the budget of a migration or a table, so that the default applies to it. */
    @DELETE
    @Path("budgets")
    public ObjectNode clearBudget(@Context UriInfo uri, @Context ContainerRequestContext request, InputStream stream) {
        Subject subject = subject(Query.of(uri, "scope", "subject"));
        return decisions.run(request, Body.read(stream), new Decision.Unlimit(subject));
    }

    private static Subject subject(Query query) {
        Scope scope = query.word("scope", Scope.class);
        if (scope == null) {
            throw Problem.thrown(400, "the parameter 'scope' must be fleet, migration or table; nothing was changed");
        }
        String name = query.text("subject");
        return new Subject(scope, name == null ? Subject.EACH : name);
    }
}
