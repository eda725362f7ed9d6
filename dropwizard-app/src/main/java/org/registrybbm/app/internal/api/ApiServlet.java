package org.registrybbm.app.internal.api;

import jakarta.servlet.Servlet;
import java.util.List;
import org.registrybbm.app.internal.access.FailedLogins;
import org.registrybbm.app.internal.access.Tokens;
import org.registrybbm.app.internal.access.WallClock;
import org.registrybbm.app.internal.operate.Operations;
import org.registrybbm.app.internal.snapshot.Snapshots;
import org.registrybbm.app.internal.web.JerseyServlet;
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
        return JerseyServlet.of(
                List.of(
                        new BearerFilter(tokens, failures, WallClock.MACHINE),
                        new SafeHeaders(),
                        new ProblemMapper(),
                        new NodeWriter()),
                List.of(
                        new OpenApiResource(),
                        new MigrationsResource(engine, snapshots, decisions),
                        new VerificationResource(engine, snapshots, decisions),
                        new FleetResource(engine, snapshots, decisions)));
    }
}
