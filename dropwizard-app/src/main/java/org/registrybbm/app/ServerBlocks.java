package org.registrybbm.app;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dropwizard.core.Configuration;
import jakarta.validation.Path;
import jakarta.validation.TraversableResolver;
import jakarta.validation.Validator;
import jakarta.validation.ValidatorFactory;
import java.lang.annotation.ElementType;
import java.util.Set;
import org.registrybbm.app.config.BackgroundMigrationsFactory;

/**
 * Leaves out the blocks of a configuration that only a server uses. To read and check them would take a command longer than its answer.
 */
final class ServerBlocks {
    private static final String SERVER = "server";
    private static final String LOGGING = "logging";
    private static final String METRICS = "metrics";
    private static final String ADMIN = "admin";
    private static final String HEALTH = "health";
    private static final String SENTRY = "sentry";
    private static final String OPERATORS = "operators";
    private static final Set<String> NAMES = Set.of(SERVER, LOGGING, METRICS, ADMIN, HEALTH, SENTRY, OPERATORS);

    private ServerBlocks() {}

    /** Returns a mapper that does not read these blocks, whatever is in them. */
    static ObjectMapper unread(ObjectMapper mapper) {
        return mapper.copy()
                .addMixIn(Configuration.class, Blocks.class)
                .addMixIn(BackgroundMigrationsFactory.class, OwnBlocks.class);
    }

    /** Returns a validator that does not look into these blocks. */
    static Validator unchecked(ValidatorFactory factory) {
        return factory.usingContext().traversableResolver(new Unchecked()).getValidator();
    }

    @JsonIgnoreProperties({SERVER, LOGGING, METRICS, ADMIN, HEALTH, SENTRY})
    private interface Blocks {}

    @JsonIgnoreProperties(OPERATORS)
    private interface OwnBlocks {}

    private static final class Unchecked implements TraversableResolver {
        @Override
        public boolean isReachable(Object bean, Path.Node property, Class<?> root, Path path, ElementType elementType) {
            return true;
        }

        @Override
        public boolean isCascadable(
                Object bean, Path.Node property, Class<?> root, Path path, ElementType elementType) {
            return !NAMES.contains(property.getName());
        }
    }
}
