package org.registrybbm.app.internal.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.UriInfo;
import java.io.InputStream;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.registrybbm.app.internal.operate.Decision;
import org.registrybbm.app.internal.snapshot.Snapshots;
import org.registrybbm.app.internal.text.PrettyJson;
import org.registrybbm.app.internal.text.answer.EventTable;
import org.registrybbm.app.internal.text.answer.QuarantineTable;
import org.registrybbm.app.internal.text.answer.StatusJson;
import org.registrybbm.app.internal.web.Problem;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.quarantine.QuarantinedRow;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.status.Reason.Attention;

/** Answers what is asked of batched migrations, and of one of them. */
@Path("migrations")
@Produces(MediaType.APPLICATION_JSON)
public final class MigrationsResource {
    private static final int PAGE = 100;
    private static final int MOST = 1_000;

    private final BatchedMigrations engine;
    private final Snapshots snapshots;
    private final Decisions decisions;
    private final StatusJson json = new StatusJson();

    MigrationsResource(BatchedMigrations engine, Snapshots snapshots, Decisions decisions) {
        this.engine = engine;
        this.snapshots = snapshots;
        this.decisions = decisions;
    }

    /** Lists migrations, in the order of their ids. */
    @GET
    public ObjectNode list(@Context UriInfo uri) {
        Query query = Query.of(uri, "status", "attention", "q", "after", "limit");
        MigrationStatus status = query.word("status", MigrationStatus.class);
        Attention attention = query.word("attention", Attention.class);
        String text = query.text("q");
        long after = query.number("after", 0, 0, Long.MAX_VALUE);
        int limit = (int) query.number("limit", PAGE, 1, MOST);
        List<MigrationOverview> found = Fleet.seen(snapshots).snapshot().migrations().stream()
                .filter(one -> one.migration().id() > after)
                .filter(one -> status == null || one.migration().status() == status)
                .filter(one -> attention == null || one.reason().code().attention() == attention)
                .filter(one -> text == null || matches(one, text.toLowerCase(Locale.ROOT)))
                .limit(limit + 1L)
                .toList();
        return Json.page(found, limit, json::node, one -> one.migration().id());
    }

    private static boolean matches(MigrationOverview one, String text) {
        return one.migration().name().toLowerCase(Locale.ROOT).contains(text)
                || one.migration().definition().table().toLowerCase(Locale.ROOT).contains(text);
    }

    /** Tells of one migration. */
    @GET
    @Path("{id}")
    public ObjectNode one(@PathParam("id") long id, @Context UriInfo uri) {
        Query.of(uri);
        return json.node(find(id));
    }

    private MigrationOverview find(long id) {
        return Fleet.find(snapshots, id)
                .orElseThrow(() -> Problem.thrown(404, "there is no migration with the id " + id));
    }

    private String name(long id) {
        return Fleet.name(snapshots, id);
    }

    /** Lists its batch jobs, the newest first. */
    @GET
    @Path("{id}/batch-jobs")
    public ObjectNode batchJobs(@PathParam("id") long id, @Context UriInfo uri) {
        Query query = Query.of(uri, "unfinished", "before", "limit");
        int limit = (int) query.number("limit", PAGE, 1, MOST - 1);
        boolean unfinished = query.flag("unfinished");
        long before = query.number("before", Long.MAX_VALUE, 1, Long.MAX_VALUE);
        return Json.page(
                engine.status().batchJobs(find(id).migration().id(), unfinished, before, limit + 1),
                limit,
                Json::batchJob,
                one -> one.job().id());
    }

    /** Lists the rows that could not be changed, the oldest first. */
    @GET
    @Path("{id}/rows")
    public ObjectNode rows(@PathParam("id") long id, @Context UriInfo uri) {
        Query query = Query.of(uri, "sqlstate", "after", "limit");
        String state = query.text("sqlstate");
        long after = query.number("after", 0, 0, Long.MAX_VALUE);
        int limit = (int) query.number("limit", PAGE, 1, MOST);
        List<QuarantinedRow> rows = engine.quarantine().list(List.of(name(id))).stream()
                .filter(row -> row.id() > after)
                .filter(row -> state == null || state.equals(row.sqlState()))
                .limit(limit + 1L)
                .toList();
        return Json.page(rows, limit, QuarantineTable::node, QuarantinedRow::id);
    }

    /** Tells how far it was at the times when a replica worked on it. */
    @GET
    @Path("{id}/samples")
    public ObjectNode samples(@PathParam("id") long id, @Context UriInfo uri) {
        Instant from = Query.of(uri, "from").time("from");
        long found = find(id).migration().id();
        return Json.page(
                engine.status().samples(found, from == null ? Instant.EPOCH : from),
                Integer.MAX_VALUE,
                Json::sample,
                one -> 0L);
    }

    /** Tells where in the range of its integer key it has been; an empty object if it goes along none. */
    @GET
    @Path("{id}/ranges")
    public ObjectNode ranges(@PathParam("id") long id, @Context UriInfo uri) {
        int cells = (int) Query.of(uri, "cells").number("cells", 200, 1, 1_000);
        return engine.status().map(find(id), cells).map(Json::map).orElseGet(PrettyJson::object);
    }

    /** Lists what was decided about it, the newest first. */
    @GET
    @Path("{id}/events")
    public ObjectNode events(@PathParam("id") long id, @Context UriInfo uri) {
        Query query = Query.of(uri, "before", "limit");
        long before = query.number("before", Long.MAX_VALUE, 1, Long.MAX_VALUE);
        int limit = (int) query.number("limit", PAGE, 1, MOST - 1);
        return Json.page(
                engine.eventLog().newest(name(id), before, limit + 1), limit, EventTable::node, one -> one.id());
    }

    /** Pauses it. */
    @POST
    @Path("{id}/pause")
    public ObjectNode pause(@PathParam("id") long id, @Context ContainerRequestContext request, InputStream body) {
        return decisions.run(request, Body.read(body), new Decision.Pause(List.of(name(id))));
    }

    /** Starts it. */
    @POST
    @Path("{id}/start")
    public ObjectNode start(@PathParam("id") long id, @Context ContainerRequestContext request, InputStream body) {
        return decisions.run(request, Body.read(body), new Decision.Start(List.of(name(id))));
    }

    /** Has whatever failed tried again. */
    @POST
    @Path("{id}/retry")
    public ObjectNode retry(@PathParam("id") long id, @Context ContainerRequestContext request, InputStream body) {
        return decisions.run(request, Body.read(body), new Decision.Retry(List.of(name(id))));
    }

    /** Leaves rows as they are. */
    @POST
    @Path("{id}/waive")
    public ObjectNode waive(@PathParam("id") long id, @Context ContainerRequestContext request, InputStream stream) {
        Body body = Body.read(stream, "rows");
        if (body.reason() == null) {
            throw Problem.thrown(400, "'reason' is missing; it is kept with the rows; nothing was changed");
        }
        return decisions.run(request, body, new Decision.Waive(name(id), body.ids("rows", MOST)));
    }

    /** Sets its priority. */
    @PUT
    @Path("{id}/priority")
    public ObjectNode priority(@PathParam("id") long id, @Context ContainerRequestContext request, InputStream stream) {
        Body body = Body.read(stream, "priority");
        int priority = body.number("priority", Short.MIN_VALUE, Short.MAX_VALUE);
        return decisions.run(request, body, new Decision.Prioritize(name(id), priority));
    }
}
