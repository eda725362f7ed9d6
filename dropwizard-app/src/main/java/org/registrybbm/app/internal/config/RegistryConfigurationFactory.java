package org.registrybbm.app.internal.config;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dropwizard.configuration.ConfigurationException;
import io.dropwizard.configuration.ResourceConfigurationSourceProvider;
import io.dropwizard.configuration.YamlConfigurationFactory;
import jakarta.validation.Validator;
import java.io.IOException;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Reads the configuration from the named file, or from the file in the jar if none is named, and puts environment variables in.
 *
 * @param <T> the configuration
 */
public final class RegistryConfigurationFactory<T> extends YamlConfigurationFactory<T> {
    private static final String IN_THE_JAR = "org/registrybbm/app/registry.yml";

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
        super(type, validator, mapper.copy().enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES), "dw");
        this.variables = new EnvironmentVariables(variables);
        this.finish = finish;
    }

    @Override
    public T build() throws IOException, ConfigurationException {
        return build(new ResourceConfigurationSourceProvider(), IN_THE_JAR);
    }

    @Override
    protected T build(JsonNode node, String path) throws IOException, ConfigurationException {
        JsonNode substituted = variables.substitute(node);
        ConfiguredSecrets.remember(substituted);
        return finish.apply(super.build(substituted, path));
    }
}
