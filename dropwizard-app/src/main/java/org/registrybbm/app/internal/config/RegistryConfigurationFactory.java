package org.registrybbm.app.internal.config;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
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
        super(type, validator, mapper.copy().enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES), "dw");
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
}
