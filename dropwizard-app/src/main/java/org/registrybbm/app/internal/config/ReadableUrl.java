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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Requires a JDBC URL that PostgreSQL's driver can read, or none. The message about a wrong URL never shows the URL, because it may hold a
 * password.
 */
@Documented
@Target(FIELD)
@Retention(RUNTIME)
@Constraint(validatedBy = ReadableUrl.Validator.class)
public @interface ReadableUrl {
    /** Returns the message. */
    String message() default "";

    /** Returns the groups. */
    Class<?>[] groups() default {};

    /** Returns the payload. */
    Class<? extends Payload>[] payload() default {};

    /** Reads the URL. */
    final class Validator implements ConstraintValidator<ReadableUrl, String> {
        // Only one @ is accepted: with two of them nobody can tell the host from a part of the password.
        private static final Pattern HOST_BEHIND_USER = Pattern.compile("[^@]*@([\\w.:-]+)(?:/[^@]*)?");

        @Override
        public boolean isValid(@Nullable String url, ConstraintValidatorContext context) {
            if (url == null || url.isBlank() || DatabaseUrl.parse(url).isPresent()) {
                return true;
            }
            context.disableDefaultConstraintViolation();
            context.buildConstraintViolationWithTemplate(why(url)).addConstraintViolation();
            return false;
        }

        private static String why(String url) {
            if (!url.startsWith(DatabaseUrl.PREFIX)) {
                return "must start with jdbc:postgresql:, as in jdbc:postgresql://host/db";
            }
            if (url.split("\\?", 2)[0].contains("@")) {
                Matcher host = HOST_BEHIND_USER.matcher(url);
                return "has a user or a password before the host, which PostgreSQL's driver takes for a part of the host; write"
                        + " jdbc:postgresql://" + (host.matches() ? host.group(1) : "host")
                        + "/db, and the other two as database.user and"
                        + " database.password (REGISTRY_DATABASE_USER and REGISTRY_DATABASE_PASSWORD)";
            }
            return "is not one that PostgreSQL's driver can read; it looks like jdbc:postgresql://host:5432/db?name=value, with %25, %26"
                    + " and %3D for a percent sign, an ampersand and an equals sign in a value; it is not shown here, as it may hold a password";
        }
    }
}
