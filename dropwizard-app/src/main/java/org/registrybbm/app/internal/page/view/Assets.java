package org.registrybbm.app.internal.page.view;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Objects;
import org.registrybbm.app.internal.access.Token;

/** The style and the script of the page, under addresses that change with them, so that browsers may keep them for ever. */
@Path("assets")
public final class Assets {
    private static final Map<String, String> TYPES =
            Map.of("page.css", "text/css;charset=utf-8", "page.js", "text/javascript;charset=utf-8");
    private static final Map<String, byte[]> FILES = Map.of("page.css", read("page.css"), "page.js", read("page.js"));
    private static final String VERSION = version();

    /** Returns a file. */
    @GET
    @Path("{version}/{name}")
    public Response get(@PathParam("version") String version, @PathParam("name") String name) {
        byte[] file = FILES.get(name);
        if (file == null || !version.equals(VERSION)) {
            return Response.status(404)
                    .type("text/plain")
                    .entity("there is no such file\n")
                    .build();
        }
        return Response.ok(file, Objects.requireNonNull(TYPES.get(name)))
                .header("Cache-Control", "public, max-age=31536000, immutable")
                .build();
    }

    static String address(String name) {
        return Layout.ROOT + "assets/" + VERSION + "/" + name;
    }

    private static byte[] read(String name) {
        try (InputStream stream = Assets.class.getResourceAsStream(name)) {
            return Objects.requireNonNull(stream, name).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String version() {
        StringBuilder all = new StringBuilder();
        TYPES.keySet().stream()
                .sorted()
                .forEach(name -> all.append(
                        new String(Objects.requireNonNull(FILES.get(name)), java.nio.charset.StandardCharsets.UTF_8)));
        return Token.hash(all.toString()).substring(0, 16);
    }
}
