package org.registrybbm.app.internal.config;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.jsonFormatVisitors.JsonFormatVisitorWrapper;
import io.dropwizard.configuration.ConfigurationException;
import io.dropwizard.configuration.FileConfigurationSourceProvider;
import io.dropwizard.configuration.ResourceConfigurationSourceProvider;
import io.dropwizard.configuration.YamlConfigurationFactory;
import jakarta.validation.Validator;
import java.io.IOException;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Reads the configuration from the named file and puts environment variables in. If no file is named, the variable {@value #PATH} names it,
 * and otherwise it is the file in the jar.
 *
 * @param <T> the configuration
 */
public final class RegistryConfigurationFactory<T> extends YamlConfigurationFactory<T> {
    /** The variable by which packages and images say where their configuration is. */
    public static final String PATH = "REGISTRY_CONFIGURATION_PATH";

    private static final String IN_THE_JAR = "org/registrybbm/app/registry.yml";
    private static final String PREFIX = "dw";

    private final String path;
    private final EnvironmentVariables variables;
    private final UnaryOperator<T> finish;

    /**
     * Creates a factory.
     *
     * @param type the configuration's class
     * @param validator checks the ranges
     * @param mapper reads values
     * @param variables environment variables
     * @param finish is applied to the configuration that was read
     */
    public RegistryConfigurationFactory(
            Class<T> type,
            Validator validator,
            ObjectMapper mapper,
            Map<String, String> variables,
            UnaryOperator<T> finish) {
        super(type, validator, new StrictMapper(mapper), PREFIX);
        this.path = variables.getOrDefault(PATH, "");
        this.variables = new EnvironmentVariables(variables);
        this.finish = finish;
    }

    @Override
    public T build() throws IOException, ConfigurationException {
        return path.isEmpty()
                ? build(new ResourceConfigurationSourceProvider(), IN_THE_JAR)
                : build(new FileConfigurationSourceProvider(), path);
    }

    @Override
    protected T build(JsonNode node, String path) throws IOException, ConfigurationException {
        JsonNode substituted = variables.substitute(node);
        ConfiguredSecrets.remember(substituted);
        return finish.apply(super.build(substituted, path));
    }

    /** Refuses unknown keys. */
    private static final class StrictMapper extends ObjectMapper {
        private static final long serialVersionUID = 1L;

        StrictMapper(ObjectMapper mapper) {
            super(mapper);
            enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
        }

        /**
         * Dropwizard looks through all types of a configuration in this way, to know which keys are lists if a system property overrides
         * one. This takes longer than reading the configuration, so it is done only where there is such a property.
         */
        @Override
        public void acceptJsonFormatVisitor(Class<?> type, JsonFormatVisitorWrapper visitor)
                throws JsonMappingException {
            if (System.getProperties().stringPropertyNames().stream().anyMatch(name -> name.startsWith(PREFIX + "."))) {
                super.acceptJsonFormatVisitor(type, visitor);
            }
        }

        @Override
        public ObjectMapper copy() {
            return new StrictMapper(this);
        }
    }
}
