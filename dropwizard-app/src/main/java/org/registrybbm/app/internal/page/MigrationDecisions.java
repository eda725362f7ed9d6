package org.registrybbm.app.internal.page;

import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Form;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.operate.Decision;
import org.registrybbm.app.internal.operate.Operations;
import org.registrybbm.app.internal.page.view.FormViews.Confirmation;
import org.registrybbm.app.internal.page.view.FormViews.Field;
import org.registrybbm.app.internal.page.view.Layout;
import org.registrybbm.app.internal.page.view.OverviewView;
import org.registrybbm.app.internal.snapshot.Snapshots;
import org.registrybbm.migrations.budget.Budget.Subject;
import org.registrybbm.migrations.status.MigrationOverview;

/** The decisions about migrations. A GET never changes anything. */
@Path("")
public final class MigrationDecisions {
    private static final String ROW = "row";
    private static final String PRIORITY = "priority";

    private final Snapshots snapshots;
    private final Operations operations;
    private final Confirmations confirmations;

    MigrationDecisions(Snapshots snapshots, Operations operations, Confirmations confirmations) {
        this.snapshots = snapshots;
        this.operations = operations;
        this.confirmations = confirmations;
    }

    /** Shows what pausing or starting everything would touch. */
    @GET
    @Path("{action: pause|start}")
    public Response showAll(@PathParam("action") String action, @Context ContainerRequestContext context) {
        return Confirmations.show(context, ofAll(action));
    }

    /** Pauses or starts everything. */
    @POST
    @Path("{action: pause|start}")
    @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
    public Response doAll(@PathParam("action") String action, @Context ContainerRequestContext context, Form form) {
        return confirmations.run(context, ofAll(action), form);
    }

    private Asked ofAll(String action) {
        return Asked.of(
                operations,
                action.equals("pause") ? new Decision.Pause(List.of()) : new Decision.Start(List.of()),
                action.equals("pause") ? "Pause everything" : "Start everything",
                Layout.ROOT);
    }

    /** Shows what a decision about one migration would touch. */
    @GET
    @Path("m/{id}/{action: pause|start|retry|verify|waive|priority|budget}")
    public Response show(
            @PathParam("id") long id,
            @PathParam("action") String action,
            @Context UriInfo uri,
            @Context ContainerRequestContext context) {
        return Confirmations.show(context, ofOne(id, action, uri.getQueryParameters()));
    }

    /** Does what was decided about one migration. */
    @POST
    @Path("m/{id}/{action: pause|start|retry|verify|waive|priority|budget}")
    @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
    public Response run(
            @PathParam("id") long id,
            @PathParam("action") String action,
            @Context ContainerRequestContext context,
            Form form) {
        return confirmations.run(context, ofOne(id, action, form.asMap()), form);
    }

    private Asked ofOne(long id, String action, MultivaluedMap<String, String> given) {
        MigrationOverview one = ViewsPage.find(snapshots, id).migration();
        String name = one.migration().name();
        String back = OverviewView.address(one);
        return switch (action) {
            case "pause" -> Asked.of(operations, new Decision.Pause(List.of(name)), "Pause " + name, back);
            case "start" -> Asked.of(operations, new Decision.Start(List.of(name)), "Start " + name, back);
            case "retry" -> Asked.of(operations, new Decision.Retry(List.of(name)), "Retry " + name, back);
            case "verify" -> Asked.of(operations, operations.verify(name), "Verify " + name, back);
            case "waive" -> waive(name, given, back + "/rows");
            case PRIORITY -> priority(one, given.getFirst(PRIORITY), back);
            default -> BudgetDecisions.of(snapshots, Subject.migration(name), given, back, Map.of());
        };
    }

    private Asked waive(String name, MultivaluedMap<String, String> given, String back) {
        List<String> chosen = given.getOrDefault(ROW, List.of());
        if (chosen.isEmpty() || !chosen.stream().allMatch(row -> row.matches("[0-9]{1,18}"))) {
            throw new PageException(400, "No row is chosen. Go back and choose the rows that are to stay as they are.");
        }
        Decision decision =
                new Decision.Waive(name, chosen.stream().map(Long::parseLong).toList());
        return new Asked(
                decision,
                new Confirmation(
                        "Leave " + chosen.size() + (chosen.size() == 1 ? " row" : " rows") + " of " + name + " as "
                                + (chosen.size() == 1 ? "it is" : "they are"),
                        operations.preview(decision),
                        List.of(),
                        Map.of(ROW, chosen),
                        true,
                        back));
    }

    private static Asked priority(MigrationOverview one, @Nullable String given, String back) {
        String name = one.migration().name();
        Decision decision = null;
        if (given != null) {
            if (!given.strip().matches("-?[0-9]{1,5}")) {
                throw new PageException(
                        400, "The priority must be a whole number from -32768 to 32767. Nothing was changed.");
            }
            decision = new Decision.Prioritize(name, Integer.parseInt(given.strip()));
        }
        Field field = new Field(
                PRIORITY,
                "Priority",
                Integer.toString(one.priority()),
                "-32768 to 32767; migrations of a higher one are served first");
        return new Asked(
                decision,
                new Confirmation("Change the priority of " + name, List.of(), List.of(field), Map.of(), false, back));
    }
}
