package org.registrybbm.app.internal.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.Map;
import org.apache.commons.text.StringSubstitutor;

/**
 * Puts environment variables into a configuration after it was parsed, so that YAML does not interpret a quote, a colon or a hash in a
 * password. A value that becomes empty counts as not set.
 */
public final class EnvironmentVariables {
    private final StringSubstitutor substitutor;

    /** Uses the given variables. */
    public EnvironmentVariables(Map<String, String> variables) {
        this.substitutor = new StringSubstitutor(variables).setDisableSubstitutionInValues(true);
    }

    /** Returns the node with every {@code ${NAME}} and {@code ${NAME:-default}} replaced. */
    public JsonNode substitute(JsonNode node) {
        if (node instanceof ObjectNode object) {
            ObjectNode copy = JsonNodeFactory.instance.objectNode();
            object.properties().forEach(entry -> copy.set(entry.getKey(), substitute(entry.getValue())));
            return copy;
        }
        if (node instanceof ArrayNode array) {
            ArrayNode copy = JsonNodeFactory.instance.arrayNode();
            array.forEach(element -> copy.add(substitute(element)));
            return copy;
        }
        return node instanceof TextNode text ? substitute(text) : node;
    }

    private JsonNode substitute(TextNode text) {
        String before = text.textValue();
        String after = substitutor.replace(before);
        if (after.equals(before)) {
            return text;
        }
        return after.isEmpty() ? JsonNodeFactory.instance.nullNode() : TextNode.valueOf(after);
    }
}
