package org.registrybbm.app.internal.access;

import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The tokens of the configuration. */
public final class Tokens {
    private final List<Token> all;

    /**
     * Creates the tokens.
     *
     * @throws IllegalArgumentException when two have the same name
     */
    public Tokens(List<Token> all) {
        this.all = List.copyOf(all);
        Set<String> names = new HashSet<>();
        for (Token token : all) {
            if (!names.add(token.name())) {
                throw new IllegalArgumentException("two tokens of operators have the name '" + token.name()
                        + "'; what people do is recorded under it, so give each a name of its own");
            }
        }
    }

    /** The answer to a token that was shown. */
    public sealed interface Answer {
        /** It is valid. */
        record Known(Operator operator) implements Answer {}

        /** It was valid once. */
        record Expired(String name) implements Answer {}

        /** It is none of the configuration. */
        record Unknown() implements Answer {}
    }

    /** Returns whether there is none, so that nobody may do anything. */
    public boolean isEmpty() {
        return all.isEmpty();
    }

    /** Says whose token it is. Each one is compared, so that the time tells nothing. */
    public Answer ask(String shown, Instant now) {
        String hash = Token.hash(shown);
        Token found = null;
        for (Token token : all) {
            found = token.isOf(hash) ? token : found;
        }
        if (found == null) {
            return new Answer.Unknown();
        }
        return found.isValid(now) ? new Answer.Known(found.operator()) : new Answer.Expired(found.name());
    }

    /** Returns the token of a name, if it is valid. */
    Optional<Token> named(String name, Instant now) {
        return all.stream()
                .filter(token -> token.name().equals(name) && token.isValid(now))
                .findFirst();
    }
}
