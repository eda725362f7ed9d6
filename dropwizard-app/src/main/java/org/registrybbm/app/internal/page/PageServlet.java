package org.registrybbm.app.internal.page;

import jakarta.servlet.Servlet;
import org.glassfish.jersey.server.ResourceConfig;
import org.glassfish.jersey.server.ServerProperties;
import org.glassfish.jersey.servlet.ServletContainer;
import org.registrybbm.app.internal.access.FailedLogins;
import org.registrybbm.app.internal.access.Tokens;
import org.registrybbm.app.internal.access.WallClock;
import org.registrybbm.app.internal.operate.Operations;
import org.registrybbm.app.internal.snapshot.Snapshots;
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
        ResourceConfig config = new ResourceConfig()
                .property(ServerProperties.WADL_FEATURE_DISABLE, true)
                .property(ServerProperties.RESPONSE_SET_STATUS_OVER_SEND_ERROR, true)
                .register(new LoginFilter(tokens, WallClock.MACHINE))
                .register(new PageHeaders())
                .register(new PageErrors())
                .register(new Assets())
                .register(new LoginPage(tokens, failures, WallClock.MACHINE))
                .register(new ViewsPage(engine, snapshots))
                .register(new DecisionsPage(snapshots, operations));
        return new ServletContainer(config);
    }
}
