package org.registrybbm.app.internal.page;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.EntityTag;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.access.Token;
import org.registrybbm.app.internal.page.view.Detail;
import org.registrybbm.app.internal.page.view.FleetViews;
import org.registrybbm.app.internal.page.view.MigrationView;
import org.registrybbm.app.internal.page.view.OverviewView;
import org.registrybbm.app.internal.page.view.RowsView;
import org.registrybbm.app.internal.snapshot.Snapshots;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.audit.RecordedEvent;
import org.registrybbm.migrations.status.MigrationOverview;

/** Answers with views. A browser that has the same view already is told so. */
@Path("")
public final class ViewsPage {
    private static final int EVENTS = 100;
    private static final int MOST_HOURS = 720;

    private final BatchedMigrations engine;
    private final Snapshots snapshots;
    private final Details details;

    ViewsPage(BatchedMigrations engine, Snapshots snapshots) {
        this.engine = engine;
        this.snapshots = snapshots;
        this.details = new Details(engine, System::nanoTime);
    }

    /** Shows all migrations. */
    @GET
    public Response overview(
            @QueryParam("q") @Nullable String search,
            @QueryParam("all") @Nullable String all,
            @Context ContainerRequestContext context,
            @Context Request request) {
        return answer(
                request,
                new OverviewView(
                                seen(snapshots),
                                PageRequest.operator(context),
                                search == null ? "" : search.strip(),
                                "true".equals(all))
                        .render());
    }

    /** Shows one migration. */
    @GET
    @Path("m/{id}")
    public Response migration(
            @PathParam("id") long id,
            @QueryParam("hours") @Nullable String hours,
            @Context ContainerRequestContext context,
            @Context Request request) {
        Snapshots.Found found = find(snapshots, id);
        int length = hours(hours);
        Detail detail = details.of(found.seen(), found.migration(), length);
        return answer(
                request,
                new MigrationView(found.seen(), found.migration(), PageRequest.operator(context), detail, length)
                        .render());
    }

    /** Shows the rows that a migration could not change. */
    @GET
    @Path("m/{id}/rows")
    public Response rows(
            @PathParam("id") long id,
            @QueryParam("sqlstate") @Nullable String state,
            @Context ContainerRequestContext context,
            @Context Request request) {
        MigrationOverview one = find(snapshots, id).migration();
        return answer(
                request,
                new RowsView(
                                one,
                                PageRequest.operator(context),
                                engine.quarantine().list(List.of(one.migration().name())),
                                state)
                        .render());
    }

    /** Shows the replicas. */
    @GET
    @Path("replicas")
    public Response replicas(@Context ContainerRequestContext context, @Context Request request) {
        return answer(request, FleetViews.replicas(seen(snapshots), PageRequest.operator(context)));
    }

    /** Shows the budgets. */
    @GET
    @Path("budgets")
    public Response budgets(@Context ContainerRequestContext context, @Context Request request) {
        return answer(request, FleetViews.budgets(seen(snapshots), PageRequest.operator(context)));
    }

    /** Shows what was decided. */
    @GET
    @Path("events")
    public Response events(
            @QueryParam("before") @Nullable String before,
            @QueryParam("actor") @Nullable String actor,
            @Context ContainerRequestContext context,
            @Context Request request) {
        String person = actor == null || actor.isBlank() ? null : actor;
        List<RecordedEvent> events = engine.eventLog().before(number(before, Long.MAX_VALUE), person, EVENTS);
        return answer(request, FleetViews.events(events, PageRequest.operator(context), person, EVENTS));
    }

    static Snapshots.Seen seen(Snapshots snapshots) {
        return snapshots
                .latest()
                .orElseThrow(
                        () -> new PageException(503, "The database has not answered yet. Try again in a few seconds."));
    }

    static Snapshots.Found find(Snapshots snapshots, long id) {
        Snapshots.Seen unused = seen(snapshots);
        return snapshots
                .find(id)
                .orElseThrow(() -> new PageException(404, "There is no migration with the id " + id + "."));
    }

    private static int hours(@Nullable String given) {
        return (int) Math.max(1, Math.min(MOST_HOURS, number(given, 1)));
    }

    private static long number(@Nullable String given, long otherwise) {
        return given != null && given.matches("[0-9]{1,18}") ? Long.parseLong(given) : otherwise;
    }

    private static Response answer(Request request, String html) {
        EntityTag tag = new EntityTag(Token.hash(html).substring(0, 32));
        Response.ResponseBuilder same = request.evaluatePreconditions(tag);
        return same != null
                ? same.build()
                : Response.ok(html, MediaType.TEXT_HTML_TYPE.withCharset("utf-8"))
                        .tag(tag)
                        .build();
    }
}
