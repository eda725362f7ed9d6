package org.registrybbm.app.internal.page;

import jakarta.servlet.Servlet;
import java.util.List;
import org.registrybbm.app.internal.access.FailedLogins;
import org.registrybbm.app.internal.access.Tokens;
import org.registrybbm.app.internal.access.WallClock;
import org.registrybbm.app.internal.operate.Operations;
import org.registrybbm.app.internal.page.view.Assets;
import org.registrybbm.app.internal.snapshot.Snapshots;
import org.registrybbm.app.internal.web.JerseyServlet;
import org.registrybbm.migrations.BatchedMigrations;

/** Makes the servlet that answers {@code /bbm/}. */
public final class PageServlet {
    /** Where it belongs. */
    public static final String MAPPING = "/bbm/*";

    private PageServlet() {}

    /** Returns the servlet for an engine. */
    public static Servlet of(
            BatchedMigrations engine,
            Snapshots snapshots,
            Operations operations,
            Tokens tokens,
            FailedLogins failures) {
        Confirmations confirmations = new Confirmations(operations);
        return JerseyServlet.of(
                List.of(new LoginFilter(tokens, WallClock.MACHINE), new PageHeaders(), new PageErrors()),
                List.of(
                        new Assets(),
                        new LoginPage(tokens, failures, WallClock.MACHINE),
                        new ViewsPage(engine, snapshots),
                        new MigrationDecisions(snapshots, operations, confirmations),
                        new BudgetDecisions(snapshots, confirmations)));
    }
}
