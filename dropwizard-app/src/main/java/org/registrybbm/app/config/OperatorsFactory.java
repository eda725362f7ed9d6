package org.registrybbm.app.config;

import com.fasterxml.jackson.annotation.JsonProperty;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.access.Role;
import org.registrybbm.app.internal.access.Token;
import org.registrybbm.app.internal.access.Tokens;
import org.registrybbm.app.internal.config.Allowed;

/** Holds the {@code operators} block: who may look at batched migrations and change them over HTTP. Without a token, nobody may. */
public final class OperatorsFactory {
    private static final String NAME = "[A-Za-z0-9][A-Za-z0-9._@-]{0,62}";
    private static final String DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}";
    private static final String SHA256 = "[0-9a-f]{64}";
    private static final String ONE = NAME + ":(read|operate):" + SHA256 + "(:" + DATE + ")?";

    @JsonProperty
    private boolean applicationPort;

    @JsonProperty
    @NotNull
    @Valid
    private List<TokenFactory> tokens = List.of();

    // In one line, for an environment variable. Of a wrong one, nothing is shown.
    @JsonProperty
    @Pattern(
            regexp = "(" + ONE + "(," + ONE + ")*)?",
            message = "is not a list of name:role:sha256 or name:role:sha256:expires, separated by commas;"
                    + " make one with: registry token create")
    private @Nullable String tokenList;

    /** Returns whether the API is on the application port too, and not only on the admin port. */
    public boolean applicationPort() {
        return applicationPort;
    }

    /**
     * Returns the tokens.
     *
     * @throws IllegalArgumentException when a date is none, or when two tokens have the same name
     */
    public Tokens tokens() {
        Stream<Token> listed = Stream.ofNullable(tokenList)
                .flatMap(list -> Stream.of(list.split(",")))
                .filter(one -> !one.isEmpty())
                .map(one -> one.split(":"))
                .map(parts -> token(parts[0], parts[1], parts[2], parts.length > 3 ? parts[3] : null));
        return new Tokens(
                Stream.concat(tokens.stream().map(TokenFactory::token), listed).toList());
    }

    private static Token token(String name, String role, String sha256, @Nullable String expires) {
        return new Token(name, role.equals("read") ? Role.READ : Role.OPERATE, sha256, date(name, expires));
    }

    private static @Nullable LocalDate date(String name, @Nullable String text) {
        try {
            return text == null ? null : LocalDate.parse(text);
        } catch (DateTimeParseException e) {
            throw new IllegalArgumentException("the token '" + name + "' expires on " + text + ", which is no date", e);
        }
    }

    /** Holds one token, as {@code registry token create} prints it. */
    static final class TokenFactory {
        @JsonProperty
        @NotNull
        @Pattern(regexp = OperatorsFactory.NAME, message = Allowed.NAME)
        private String name = "";

        @JsonProperty
        @NotNull
        @Pattern(regexp = "read|operate", message = "is ${validatedValue}, allowed are read and operate")
        private String role = "";

        // Of a token that somebody writes here by mistake, nothing is shown.
        @JsonProperty
        @NotNull
        @Pattern(
                regexp = SHA256,
                message =
                        "is not the SHA-256 of a token in 64 hexadecimal digits; make one with: registry token create")
        private String sha256 = "";

        @JsonProperty
        @Pattern(regexp = DATE, message = "is ${validatedValue}, expected a date like 2027-01-31")
        private @Nullable String expires;

        private Token token() {
            return OperatorsFactory.token(name, role, sha256, expires);
        }
    }
}
