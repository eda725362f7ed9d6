package org.registrybbm.app.internal.webhook;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Signs messages as Standard Webhooks says, so that a receiver knows who has sent them, and when. */
final class Signature {
    private static final String PREFIX = "whsec_";
    private static final String ALGORITHM = "HmacSHA256";

    private final SecretKeySpec key;

    /**
     * Reads a secret.
     *
     * @param secret {@code whsec_} and the secret in Base64
     */
    Signature(String secret) {
        String encoded = secret.startsWith(PREFIX) ? secret.substring(PREFIX.length()) : secret;
        key = new SecretKeySpec(Base64.getDecoder().decode(encoded), ALGORITHM);
    }

    /**
     * Returns the value of the header {@code webhook-signature}.
     *
     * @param id the message's id
     * @param seconds when this try is made, in seconds since 1970
     * @param body what is sent, byte for byte
     */
    String of(String id, long seconds, String body) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            byte[] code = mac.doFinal((id + "." + seconds + "." + body).getBytes(StandardCharsets.UTF_8));
            return "v1," + Base64.getEncoder().encodeToString(code);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java cannot sign with " + ALGORITHM, e);
        }
    }
}
