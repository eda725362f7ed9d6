package org.registrybbm.app.internal.access;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What a browser keeps after its user has shown a token: the name of the token, the time until which it is valid, and a code that only who
 * knows the token's hash can compute. No server keeps anything, so each replica knows it, and a token that is removed ends it.
 */
public final class LoginCookie {
    /** How long a login lasts. */
    public static final Duration LASTS = Duration.ofHours(12);

    private static final String ALGORITHM = "HmacSHA256";

    private LoginCookie() {}

    /** Returns the value for the owner of a token. */
    static String of(Token token, Instant now) {
        String said =
                Base64.getUrlEncoder()
                                .withoutPadding()
                                .encodeToString(token.name().getBytes(StandardCharsets.UTF_8)) + "."
                        + now.plus(LASTS).getEpochSecond();
        return said + "." + code(said, token);
    }

    /** Returns the value for somebody who has just shown a valid token. */
    public static Optional<String> of(Tokens tokens, Operator operator, Instant now) {
        return tokens.named(operator.name(), now).map(token -> of(token, now));
    }

    /** Returns who it is; empty if the value was not made here, is too old, or is of a token that is no longer valid. */
    public static Optional<Operator> read(Tokens tokens, String value, Instant now) {
        String[] parts = value.split("\\.", -1);
        if (parts.length != 3 || !parts[1].matches("[0-9]{1,12}")) {
            return Optional.empty();
        }
        String name;
        try {
            name = new String(Base64.getUrlDecoder().decode(parts[0]), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
        return tokens.named(name, now)
                .filter(token -> MessageDigest.isEqual(
                        code(parts[0] + "." + parts[1], token).getBytes(StandardCharsets.US_ASCII),
                        parts[2].getBytes(StandardCharsets.UTF_8)))
                .filter(token -> now.getEpochSecond() < Long.parseLong(parts[1]))
                .map(Token::operator);
    }

    private static String code(String said, Token token) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(token.sha256().getBytes(StandardCharsets.US_ASCII), ALGORITHM));
            return Base64.getUrlEncoder()
                    .withoutPadding()
                    .encodeToString(mac.doFinal(said.getBytes(StandardCharsets.US_ASCII)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
