package org.registrybbm.app.internal.api;

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

/** Makes the servlet that answers {@code /api/v1}. */
public final class ApiServlet {
    /** Where it belongs. */
    public static final String MAPPING = "/api/v1/*";

    private ApiServlet() {}

    /** Returns the servlet for an engine. */
    public static Servlet of(
            BatchedMigrations engine,
            Snapshots snapshots,
            Operations operations,
            Tokens tokens,
            FailedLogins failures) {
        Decisions decisions = new Decisions(operations);
        ResourceConfig config = new ResourceConfig()
                .property(ServerProperties.WADL_FEATURE_DISABLE, true)
                .property(ServerProperties.RESPONSE_SET_STATUS_OVER_SEND_ERROR, true)
                .register(new BearerFilter(tokens, failures, WallClock.MACHINE))
                .register(new SafeHeaders())
                .register(new ProblemMapper())
                .register(new NodeWriter())
                .register(new OpenApiResource())
                .register(new MigrationsResource(engine, snapshots, decisions))
                .register(new FleetResource(engine, snapshots, decisions));
        return new ServletContainer(config);
    }
}
