package org.registrybbm.app.internal.api;

import jakarta.servlet.Servlet;
import java.util.List;
import org.registrybbm.app.internal.access.Bearer;
import org.registrybbm.app.internal.api.filter.BearerFilter;
import org.registrybbm.app.internal.api.filter.IdempotencyFilter;
import org.registrybbm.app.internal.operate.Operations;
import org.registrybbm.app.internal.snapshot.Snapshots;
import org.registrybbm.app.internal.web.JerseyServlet;
import org.registrybbm.app.internal.web.NodeWriter;
import org.registrybbm.app.internal.web.ProblemMapper;
import org.registrybbm.app.internal.web.SafeHeaders;
import org.registrybbm.migrations.BatchedMigrations;

/** Makes the servlet that answers {@code /api/v1}. */
public final class ApiServlet {
    /** Where it belongs. */
    public static final String MAPPING = "/api/v1/*";

    private ApiServlet() {}

    /** Returns the servlet for an engine. */
    public static Servlet of(BatchedMigrations engine, Snapshots snapshots, Operations operations, Bearer bearer) {
        Decisions decisions = new Decisions(operations);
        return JerseyServlet.of(
                List.of(
                        new BearerFilter(bearer, OpenApiResource.PATH),
                        new IdempotencyFilter(engine.requestKeys(), Body.MOST_BYTES),
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
