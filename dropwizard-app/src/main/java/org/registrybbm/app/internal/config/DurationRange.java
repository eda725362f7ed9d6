package org.registrybbm.app.internal.config;

import static java.lang.annotation.ElementType.FIELD;
import static java.lang.annotation.RetentionPolicy.RUNTIME;

import io.dropwizard.util.Duration;
import jakarta.validation.Constraint;
import jakarta.validation.ConstraintValidator;
import jakarta.validation.ConstraintValidatorContext;
import jakarta.validation.Payload;
import java.lang.annotation.Documented;
import java.lang.annotation.Retention;
import java.lang.annotation.Target;
import org.jspecify.annotations.Nullable;

/**
 * Requires a duration from {@code min} to {@code max}, both included. They are written as in the configuration file: {@code 500ms}, {@code
 * 30s}, {@code 1h}.
 */
@Documented
@Target(FIELD)
@Retention(RUNTIME)
@Constraint(validatedBy = DurationRange.Validator.class)
public @interface DurationRange {
    /** Returns the shortest allowed. */
    String min();

    /** Returns the longest allowed. */
    String max();

    /** Returns whether zero is allowed as well, to turn something off. */
    boolean orZero() default false;

    /** Returns the message. */
    String message() default Allowed.RANGE;

    /** Returns the groups. */
    Class<?>[] groups() default {};

    /** Returns the payload. */
    Class<? extends Payload>[] payload() default {};

    /** Checks the range. */
    final class Validator implements ConstraintValidator<DurationRange, Duration> {
        private Duration min = Duration.nanoseconds(0);
        private Duration max = Duration.nanoseconds(0);
        private boolean orZero;

        @Override
        public void initialize(DurationRange range) {
            min = Duration.parse(range.min());
            max = Duration.parse(range.max());
            orZero = range.orZero();
        }

        @Override
        public boolean isValid(@Nullable Duration value, ConstraintValidatorContext context) {
            if (value == null || (orZero && value.toNanoseconds() == 0)) {
                return true;
            }
            return value.compareTo(min) >= 0 && value.compareTo(max) <= 0;
        }
    }
}
