package org.registrybbm.app.internal.access;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Says who sent a request, by the token in its header {@code Authorization}. */
public final class Bearer {
    private static final String SCHEME = "bearer ";

    private final Tokens tokens;
    private final FailedLogins failures;
    private final WallClock clock;

    /** Describes which tokens there are. */
    public Bearer(Tokens tokens, FailedLogins failures, WallClock clock) {
        this.tokens = tokens;
        this.failures = failures;
        this.clock = clock;
    }

    /** Who it is, or why it is nobody. */
    public sealed interface Answer {
        /** It is somebody. */
        record Admitted(Operator operator, String token) implements Answer {}

        /**
         * It is nobody.
         *
         * @param status the status of the answer
         * @param headers what goes with it
         * @param detail why, for people
         */
        record Refused(int status, Map<String, String> headers, String detail) implements Answer {}
    }

    /**
     * Asks who sent a request.
     *
     * @param header its header, or null if it has none
     * @param address where it comes from. Nobody with a right token is kept waiting, because many people may come from one address.
     */
    public Answer ask(@Nullable String header, String address) {
        if (tokens.isEmpty()) {
            return refused(
                    "nobody has a token yet; make one with: registry token create --name <name> --role <read or operate>");
        }
        if (header == null || !header.toLowerCase(Locale.ROOT).startsWith(SCHEME)) {
            return refused("send the header Authorization: Bearer <token>");
        }
        String token = header.substring(SCHEME.length()).strip();
        Tokens.Answer answer = tokens.ask(token, clock.now());
        if (answer instanceof Tokens.Answer.Known known) {
            return new Answer.Admitted(known.operator(), token);
        }
        if (answer instanceof Tokens.Answer.Expired expired) {
            return refused("the token of '" + expired.name() + "' has expired");
        }
        long wait = failures.secondsToWait(address);
        if (wait == 0) {
            failures.add(address);
            return refused("no token is like this one");
        }
        return new Answer.Refused(
                429,
                Map.of("Retry-After", Long.toString(wait)),
                "too many wrong tokens came from " + address + "; try again in " + wait + " s");
    }

    /** Returns whether a token that was admitted still is. */
    public boolean isStillKnown(String token) {
        return tokens.ask(token, clock.now()) instanceof Tokens.Answer.Known;
    }

    private static Answer refused(String detail) {
        return new Answer.Refused(401, Map.of("WWW-Authenticate", "Bearer realm=\"registry\""), detail);
    }
}
