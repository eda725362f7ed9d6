package org.registrybbm.app.internal.config;

import static java.lang.annotation.ElementType.FIELD;
import static java.lang.annotation.RetentionPolicy.RUNTIME;

import jakarta.validation.Constraint;
import jakarta.validation.ConstraintValidator;
import jakarta.validation.ConstraintValidatorContext;
import jakarta.validation.Payload;
import java.lang.annotation.Documented;
import java.lang.annotation.Retention;
import java.lang.annotation.Target;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Requires a URL that a message can be sent to, or none. The message about a wrong URL never shows it, because it may hold a secret. */
@Documented
@Target(FIELD)
@Retention(RUNTIME)
@Constraint(validatedBy = WebhookUrl.Validator.class)
public @interface WebhookUrl {
    /** Returns the message. */
    String message() default "is not a URL like https://host/path, without a user or a password before the host";

    /** Returns the groups. */
    Class<?>[] groups() default {};

    /** Returns the payload. */
    Class<? extends Payload>[] payload() default {};

    /** Reads the URL. */
    final class Validator implements ConstraintValidator<WebhookUrl, String> {
        private static final Pattern FORM = Pattern.compile("https?://([A-Za-z0-9.-]+|\\[[0-9A-Fa-f:.]+])(:[0-9]{1,5})?"
                + "([/?][A-Za-z0-9._~:/?@!$&'()*+,;=%-]*)?");
        private static final int LAST_PORT = 65_535;

        @Override
        public boolean isValid(@Nullable String url, ConstraintValidatorContext context) {
            return url == null || url.isBlank() || FORM.matcher(url).matches() && hasHost(url);
        }

        /** Java finds no host in some names that look like one, such as 10.0.1 or a-.example.org. */
        private static boolean hasHost(String url) {
            try {
                URI read = new URI(url);
                return read.getHost() != null && read.getPort() <= LAST_PORT;
            } catch (URISyntaxException e) {
                return false;
            }
        }
    }
}
