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
import jakarta.ws.rs.core.MultivaluedHashMap;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.access.Operator;
import org.registrybbm.app.internal.operate.Decision;
import org.registrybbm.app.internal.operate.Operations;
import org.registrybbm.app.internal.page.FormViews.Confirmation;
import org.registrybbm.app.internal.page.FormViews.Field;
import org.registrybbm.app.internal.snapshot.Snapshots;
import org.registrybbm.app.internal.text.BudgetOptions;
import org.registrybbm.migrations.budget.Budget;
import org.registrybbm.migrations.budget.Budget.Scope;
import org.registrybbm.migrations.budget.Budget.Subject;
import org.registrybbm.migrations.model.StatusChange.Decider;
import org.registrybbm.migrations.status.MigrationOverview;

/** Shows what is about to be done, with a form that does it. A GET never changes anything. */
@Path("")
public final class DecisionsPage {
    private static final int LONGEST_REASON = 500;
    private static final String ROW = "row";
    private static final String PRIORITY = "priority";
    private static final List<Field> LIMITS = List.of(
            new Field(
                    "batch_jobs",
                    "Batch jobs at once",
                    "",
                    "a number, unlimited or default; leave it empty to keep it"),
            new Field(
                    "rows_per_second",
                    "Rows per second",
                    "",
                    "a number, unlimited or default; leave it empty to keep it"));
    private static final List<Field> LIMITS_OF_TABLE = List.of(
            LIMITS.get(0),
            new Field(
                    "migrations",
                    "Migrations at once",
                    "",
                    "a number, unlimited or default; leave it empty to keep it"));

    private final Snapshots snapshots;
    private final Operations operations;

    DecisionsPage(Snapshots snapshots, Operations operations) {
        this.snapshots = snapshots;
        this.operations = operations;
    }

    /** What somebody is about to decide: the decision, once all is given, and the form that asks for it. */
    private record Asked(@Nullable Decision decision, Confirmation form) {}

    /** Shows what pausing or starting everything would touch. */
    @GET
    @Path("{action: pause|start}")
    public Response showAll(@PathParam("action") String action, @Context ContainerRequestContext context) {
        return show(context, ofAll(action));
    }

    /** Pauses or starts everything. */
    @POST
    @Path("{action: pause|start}")
    @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
    public Response doAll(@PathParam("action") String action, @Context ContainerRequestContext context, Form form) {
        return run(context, ofAll(action), form);
    }

    private Asked ofAll(String action) {
        return asked(
                action.equals("pause") ? new Decision.Pause(List.of()) : new Decision.Start(List.of()),
                action.equals("pause") ? "Pause everything" : "Start everything",
                Layout.ROOT);
    }

    /** Shows what a decision about one migration would touch. */
    @GET
    @Path("m/{id}/{action: pause|start|retry|waive|priority|budget}")
    public Response show(
            @PathParam("id") long id,
            @PathParam("action") String action,
            @Context UriInfo uri,
            @Context ContainerRequestContext context) {
        return show(context, ofOne(id, action, uri.getQueryParameters()));
    }

    /** Does what was decided about one migration. */
    @POST
    @Path("m/{id}/{action: pause|start|retry|waive|priority|budget}")
    @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
    public Response run(
            @PathParam("id") long id,
            @PathParam("action") String action,
            @Context ContainerRequestContext context,
            Form form) {
        return run(context, ofOne(id, action, form.asMap()), form);
    }

    private Asked ofOne(long id, String action, MultivaluedMap<String, String> given) {
        MigrationOverview one = ViewsPage.find(snapshots, id).migration();
        String name = one.migration().name();
        String back = OverviewView.address(one);
        return switch (action) {
            case "pause" -> asked(new Decision.Pause(List.of(name)), "Pause " + name, back);
            case "start" -> asked(new Decision.Start(List.of(name)), "Start " + name, back);
            case "retry" -> asked(new Decision.Retry(List.of(name)), "Retry " + name, back);
            case "waive" -> waive(name, given, back + "/rows");
            case PRIORITY -> priority(one, given.getFirst(PRIORITY), back);
            default -> budget(Subject.migration(name), given, back, Map.of());
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

    /** Shows what may be changed in a budget. */
    @GET
    @Path("budget")
    public Response showBudget(@Context UriInfo uri, @Context ContainerRequestContext context) {
        return show(context, ofBudget(uri.getQueryParameters()));
    }

    /** Changes a budget. */
    @POST
    @Path("budget")
    @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
    public Response setBudget(@Context ContainerRequestContext context, Form form) {
        return run(context, ofBudget(form.asMap()), form);
    }

    private Asked ofBudget(MultivaluedMap<String, String> given) {
        String scope = Objects.requireNonNullElse(given.getFirst("scope"), "");
        String subject = Objects.requireNonNullElse(given.getFirst("subject"), Subject.EACH);
        if (!List.of("fleet", "migration", "table").contains(scope)) {
            throw new PageException(400, "There is no such budget.");
        }
        return budget(
                new Subject(Scope.valueOf(scope.toUpperCase(Locale.ROOT)), subject),
                given,
                Layout.ROOT + "budgets",
                Map.of("scope", List.of(scope), "subject", List.of(subject)));
    }

    private Asked budget(
            Subject subject, MultivaluedMap<String, String> given, String back, Map<String, List<String>> hidden) {
        boolean table = subject.scope() == Scope.TABLE;
        BudgetOptions options = new BudgetOptions(
                null,
                null,
                text(given, "batch_jobs"),
                table ? null : text(given, "rows_per_second"),
                table ? text(given, "migrations") : null);
        boolean anything =
                options.batchJobs() != null || options.rowsPerSecond() != null || options.migrations() != null;
        Budget now = ViewsPage.seen(snapshots).snapshot().budgets().stream()
                .filter(one -> one.subject().equals(subject))
                .findFirst()
                .orElse(null);
        String title = "Change the budget of the " + subject;
        List<Field> fields = new ArrayList<>(table ? LIMITS_OF_TABLE : LIMITS);
        if (now != null) {
            fields.replaceAll(
                    field -> new Field(field.name(), field.label(), "", field.hint() + "; now " + now.limits()));
        }
        return new Asked(
                anything ? new Decision.Limit(subject, options.change()) : null,
                new Confirmation(title, List.of(), fields, hidden, false, back));
    }

    private static @Nullable String text(MultivaluedMap<String, String> given, String name) {
        String value = given.getFirst(name);
        return value == null || value.isBlank() ? null : value.strip();
    }

    private Asked asked(Decision decision, String title, String back) {
        return new Asked(
                decision,
                new Confirmation(title, operations.preview(decision), List.of(), new LinkedHashMap<>(), false, back));
    }

    private static Response show(ContainerRequestContext context, Asked asked) {
        return LoginFilter.answer(200, FormViews.confirm(allowed(context), asked.form(), ""));
    }

    private Response run(ContainerRequestContext context, Asked asked, Form form) {
        Operator operator = allowed(context);
        if (form.asMap().values().stream().flatMap(List::stream).anyMatch(value -> value.indexOf(0) >= 0)) {
            throw new PageException(400, "The form has a character of the code 0. Nothing was changed.");
        }
        String reason = text(new MultivaluedHashMap<>(form.asMap()), "reason");
        if (asked.decision() == null) {
            return LoginFilter.answer(
                    400, FormViews.confirm(operator, asked.form(), "Nothing was given, so nothing was changed."));
        }
        if (reason != null && reason.length() > LONGEST_REASON) {
            return LoginFilter.answer(
                    400, FormViews.confirm(operator, asked.form(), "The reason is too long; nothing was changed."));
        }
        try {
            operations.run(asked.decision(), new Decider(operator.name(), "page", reason));
        } catch (IllegalArgumentException e) {
            return LoginFilter.answer(400, FormViews.confirm(operator, asked.form(), String.valueOf(e.getMessage())));
        }
        return Response.seeOther(URI.create(asked.form().back())).build();
    }

    private static Operator allowed(ContainerRequestContext context) {
        Operator operator = PageRequest.operator(context);
        if (!operator.mayOperate()) {
            throw new PageException(403, "Your token may only read. Changes need one with the role operate.");
        }
        return operator;
    }
}
