package org.registrybbm.app.internal.access;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a token. The token itself is known to its owner alone; it has so many random bits that nobody can guess it from its
 * hash, however fast that is computed.
 *
 * @param name whose it is
 * @param role what its owner may do
 * @param sha256 the SHA-256 of the token, in hexadecimal digits
 * @param expires the first day on which it is no longer valid, by UTC; null if it is always valid
 */
public record Token(
        String name, Role role, String sha256, @Nullable LocalDate expires) {
    private static final String PREFIX = "bbm_";
    private static final int RANDOM_BYTES = 32;

    /** Returns a new token. Its prefix lets programs that look for secrets find it. */
    public static String create() {
        byte[] random = new byte[RANDOM_BYTES];
        new SecureRandom().nextBytes(random);
        return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(random);
    }

    /** Returns the SHA-256 of a token, in hexadecimal digits. */
    public static String hash(String token) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    boolean isOf(String hash) {
        return MessageDigest.isEqual(
                hash.getBytes(StandardCharsets.US_ASCII), sha256.getBytes(StandardCharsets.US_ASCII));
    }

    boolean isValid(Instant now) {
        return expires == null || now.isBefore(expires.atStartOfDay().toInstant(ZoneOffset.UTC));
    }

    Operator operator() {
        return new Operator(name, role);
    }
}
