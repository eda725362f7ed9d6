package org.registrybbm.app.internal.api.filter;

import com.fasterxml.jackson.databind.JsonNode;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.container.ContainerResponseFilter;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.text.PrettyJson;
import org.registrybbm.app.internal.web.Problem;
import org.registrybbm.migrations.request.Answer;
import org.registrybbm.migrations.request.Claim;
import org.registrybbm.migrations.request.RequestKeys;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers a request with the header {@code Idempotency-Key} once, and gives the same answer to whoever sends it again, as
 * draft-ietf-httpapi-idempotency-key-header says. A request without the header passes without any cost.
 */
public final class IdempotencyFilter implements ContainerRequestFilter, ContainerResponseFilter {
    private static final Logger LOGGER = LoggerFactory.getLogger(IdempotencyFilter.class);
    private static final String HEADER = "Idempotency-Key";
    private static final String CLAIM = "org.registrybbm.request-key";
    private static final Set<String> CHANGING = Set.of("POST", "PUT", "DELETE");
    private static final int LONGEST = 255;

    // A string of RFC 8941, as the draft wants it, or, as many programs send it, without quotes.
    private static final Pattern QUOTED = Pattern.compile("\"((?:[ !#-\\[\\]-~]|\\\\[\"\\\\])*)\"");
    private static final Pattern BARE = Pattern.compile("[!#-~]+");

    private final RequestKeys keys;
    private final int mostBytes;

    /**
     * Creates a filter.
     *
     * @param keys remembers requests
     * @param mostBytes how large a body may be; larger ones are refused by whoever reads them
     */
    public IdempotencyFilter(RequestKeys keys, int mostBytes) {
        this.keys = keys;
        this.mostBytes = mostBytes;
    }

    @Override
    public void filter(ContainerRequestContext request) throws IOException {
        List<String> given = request.getHeaders().get(HEADER);
        if (given == null || !CHANGING.contains(request.getMethod())) {
            return;
        }
        // Also before a refusal: the server closes a connection on which something is left to read.
        byte[] body = request.getEntityStream().readNBytes(mostBytes + 1);
        request.setEntityStream(new ByteArrayInputStream(body));
        String key = given.size() == 1 ? key(given.get(0).strip()) : null;
        if (key == null) {
            request.abortWith(Problem.of(
                    400,
                    "the header Idempotency-Key must be one text of 1 to " + LONGEST
                            + " visible characters, best in quotes; nothing was changed"));
            return;
        }
        if (body.length <= mostBytes) {
            Claim claim = keys.claim(BearerFilter.operator(request).name(), key, fingerprint(request, body));
            if (claim instanceof Claim.Mine mine) {
                request.setProperty(CLAIM, mine);
            } else {
                request.abortWith(answer(claim));
            }
        }
    }

    private static @Nullable String key(String header) {
        Matcher quoted = QUOTED.matcher(header);
        String key = quoted.matches()
                ? quoted.group(1).replaceAll("\\\\(.)", "$1")
                : BARE.matcher(header).matches() ? header : "";
        return key.isEmpty() || key.length() > LONGEST ? null : key;
    }

    private static String fingerprint(ContainerRequestContext request, byte[] body) {
        URI uri = request.getUriInfo().getRequestUri();
        String address = request.getMethod() + " " + uri.getRawPath() + "?" + uri.getRawQuery() + "\n";
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(address.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest.digest(body));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Response answer(Claim claim) {
        if (claim instanceof Claim.Answered answered) {
            Answer answer = answered.answer();
            Response.ResponseBuilder response = Response.status(answer.status())
                    .type(answer.status() < 400 ? MediaType.APPLICATION_JSON : Problem.TYPE)
                    .header("Idempotent-Replayed", "true")
                    .entity(answer.body());
            return answer.location() == null
                    ? response.build()
                    : response.location(URI.create(answer.location())).build();
        }
        if (claim instanceof Claim.OtherRequest) {
            return Problem.of(
                    422,
                    "this Idempotency-Key belongs to a request with another method, address or body; nothing was changed; use a new one");
        }
        return Problem.of(
                        Response.status(409).header("Retry-After", 1),
                        409,
                        "a request with this Idempotency-Key is in progress; send it again in a moment")
                .build();
    }

    @Override
    public void filter(ContainerRequestContext request, ContainerResponseContext response) {
        if (!(request.getProperty(CLAIM) instanceof Claim.Mine claim)) {
            return;
        }
        try {
            Object body = response.getEntity();
            if (response.getStatus() >= 500 || response.getStatus() == 409) {
                keys.release(claim);
            } else if (!keys.answer(
                    claim,
                    new Answer(
                            response.getStatus(),
                            response.getLocation() == null
                                    ? null
                                    : response.getLocation().toString(),
                            body instanceof JsonNode node ? PrettyJson.of(node) : String.valueOf(body)))) {
                LOGGER.warn(
                        "a request of {} took longer than {} s, and may have been done twice",
                        claim.actor(),
                        RequestKeys.IN_PROGRESS.toSeconds());
            }
        } catch (RuntimeException e) {
            // It was done, and whoever asked is told so. Only the key does not know it.
            LOGGER.warn("the answer to a request of {} could not be kept under its Idempotency-Key", claim.actor(), e);
        }
    }
}
