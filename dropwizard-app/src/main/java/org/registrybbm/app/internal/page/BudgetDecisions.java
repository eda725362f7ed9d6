package org.registrybbm.app.internal.page;

import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Form;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.registrybbm.app.internal.operate.Decision;
import org.registrybbm.app.internal.page.view.FormViews.Confirmation;
import org.registrybbm.app.internal.page.view.FormViews.Field;
import org.registrybbm.app.internal.page.view.Layout;
import org.registrybbm.app.internal.snapshot.Snapshots;
import org.registrybbm.app.internal.text.BudgetOptions;
import org.registrybbm.migrations.budget.Budget;
import org.registrybbm.migrations.budget.Budget.Scope;
import org.registrybbm.migrations.budget.Budget.Subject;

/** The decisions about budgets. A GET never changes anything. */
@Path("")
public final class BudgetDecisions {
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
    private final Confirmations confirmations;

    BudgetDecisions(Snapshots snapshots, Confirmations confirmations) {
        this.snapshots = snapshots;
        this.confirmations = confirmations;
    }

    /** Shows what may be changed in a budget. */
    @GET
    @Path("budget")
    public Response showBudget(@Context UriInfo uri, @Context ContainerRequestContext context) {
        return Confirmations.show(context, ofBudget(uri.getQueryParameters()));
    }

    /** Changes a budget. */
    @POST
    @Path("budget")
    @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
    public Response setBudget(@Context ContainerRequestContext context, Form form) {
        return confirmations.run(context, ofBudget(form.asMap()), form);
    }

    private Asked ofBudget(MultivaluedMap<String, String> given) {
        String scope = Objects.requireNonNullElse(given.getFirst("scope"), "");
        String subject = Objects.requireNonNullElse(given.getFirst("subject"), Subject.EACH);
        if (!List.of("fleet", "migration", "table").contains(scope)) {
            throw new PageException(400, "There is no such budget.");
        }
        return of(
                snapshots,
                new Subject(Scope.valueOf(scope.toUpperCase(Locale.ROOT)), subject),
                given,
                Layout.ROOT + "budgets",
                Map.of("scope", List.of(scope), "subject", List.of(subject)));
    }

    static Asked of(
            Snapshots snapshots,
            Subject subject,
            MultivaluedMap<String, String> given,
            String back,
            Map<String, List<String>> hidden) {
        boolean table = subject.scope() == Scope.TABLE;
        BudgetOptions options = new BudgetOptions(
                null,
                null,
                Confirmations.text(given, "batch_jobs"),
                table ? null : Confirmations.text(given, "rows_per_second"),
                table ? Confirmations.text(given, "migrations") : null);
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
}
