package org.registrybbm.app.config;

import static java.lang.annotation.ElementType.TYPE;
import static java.lang.annotation.RetentionPolicy.RUNTIME;

import jakarta.validation.Constraint;
import jakarta.validation.ConstraintValidator;
import jakarta.validation.ConstraintValidatorContext;
import jakarta.validation.Payload;
import java.lang.annotation.Documented;
import java.lang.annotation.Retention;
import java.lang.annotation.Target;
import org.registrybbm.scheduler.BatchedMigrationScheduler;

/** Requires that both pools are large enough for the workers. With too small a pool, a healthy replica would miss its check-in. */
@Documented
@Target(TYPE)
@Retention(RUNTIME)
@Constraint(validatedBy = QuartzPoolFits.Validator.class)
public @interface QuartzPoolFits {
    /** Connections that health checks, tasks and metrics need besides those of the workers. */
    int OPERATORS = 2;

    /** Returns the message. */
    String message() default "";

    /** Returns the groups. */
    Class<?>[] groups() default {};

    /** Returns the payload. */
    Class<? extends Payload>[] payload() default {};

    /** Compares the sizes of the pools with the number of workers. */
    final class Validator implements ConstraintValidator<QuartzPoolFits, RegistryConfiguration> {
        @Override
        public boolean isValid(RegistryConfiguration configuration, ConstraintValidatorContext context) {
            int workers = configuration.backgroundMigrations().workers();
            if (workers > BackgroundMigrationsFactory.MOST_WORKERS) {
                // The number of workers has its own message; the sizes of pools for such a number would help nobody.
                return true;
            }
            context.disableDefaultConstraintViolation();
            int quartzLeast = BatchedMigrationScheduler.Builder.poolSize(workers);
            boolean quartz = fits(
                    context, "quartzPool", configuration.database().quartzPool().maxSize(), workers, quartzLeast);
            boolean data =
                    fits(context, "pool", configuration.database().pool().maxSize(), workers, workers + OPERATORS);
            return quartz && data;
        }

        private static boolean fits(
                ConstraintValidatorContext context, String pool, int maxSize, int workers, int least) {
            if (maxSize >= least) {
                return true;
            }
            context.buildConstraintViolationWithTemplate("is " + maxSize + ", allowed is " + least
                            + " to 100 with backgroundMigrations.workers of " + workers)
                    .addPropertyNode("database")
                    .addPropertyNode(pool)
                    .addPropertyNode("maxSize")
                    .addConstraintViolation();
            return false;
        }
    }
}
