package org.registrybbm.app.internal.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.io.InputStream;
import org.registrybbm.app.internal.snapshot.Snapshots;
import org.registrybbm.app.internal.web.Problem;
import org.registrybbm.migrations.BatchedMigrations;

/** Begins verifications, which take longer than a request may, and tells how far they are. */
@Path("migrations")
@Produces(MediaType.APPLICATION_JSON)
public final class VerificationResource {
    private final BatchedMigrations engine;
    private final Snapshots snapshots;
    private final Decisions decisions;

    VerificationResource(BatchedMigrations engine, Snapshots snapshots, Decisions decisions) {
        this.engine = engine;
        this.snapshots = snapshots;
        this.decisions = decisions;
    }

    /** Begins to look for rows that are not done. */
    @POST
    @Path("{id}/verify")
    public Response verify(
            @PathParam("id") long id,
            @Context UriInfo uri,
            @Context ContainerRequestContext request,
            InputStream stream) {
        Body body = Body.read(stream);
        ObjectNode changes = decisions.run(request, body, decisions.operations().verify(Fleet.name(snapshots, id)));
        return body.dryRun()
                ? Response.ok(changes).build()
                : Response.accepted(changes)
                        .location(uri.getRequestUri().resolve("verification"))
                        .build();
    }

    /** Tells of the last one. */
    @GET
    @Path("{id}/verification")
    public ObjectNode verification(@PathParam("id") long id, @Context UriInfo uri) {
        Query.of(uri);
        String name = Fleet.name(snapshots, id);
        return engine.verifications()
                .last(id)
                .map(Json::verification)
                .orElseThrow(() -> Problem.thrown(404, "no replica was asked yet to verify '" + name + "'"));
    }
}
