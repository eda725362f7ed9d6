package org.registrybbm.app.internal.api;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** The document that says what the API is. It is no secret. */
@Path(OpenApiResource.PATH)
public final class OpenApiResource {
    static final String PATH = "openapi.yaml";

    private final String document = document();

    /** Returns the document. */
    @GET
    @Produces("application/yaml")
    public String get() {
        return document;
    }

    private static String document() {
        try (InputStream stream = OpenApiResource.class.getResourceAsStream(PATH)) {
            return new String(Objects.requireNonNull(stream).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
