package org.registrybbm.migrations.liquibase.base;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * An attribute of a change or a precondition.
 *
 * @param name how changelogs write it
 * @param type what its value may be
 * @param required whether it must be given
 */
public record Attribute(String name, AttributeType type, boolean required) {
    private static final Pattern INNER_CAPITAL = Pattern.compile("(?<=[a-z])(?=[A-Z])");

    /** Returns an attribute that must be given. */
    public static Attribute required(String name, AttributeType type) {
        return new Attribute(name, type, true);
    }

    /** Returns an attribute that may be left out. */
    public static Attribute optional(String name, AttributeType type) {
        return new Attribute(name, type, false);
    }

    /** Returns the name of the parameter of a SQL function: {@code batchSize} is {@code batch_size}. */
    public String parameter() {
        return INNER_CAPITAL.matcher(name).replaceAll("_").toLowerCase(Locale.ROOT);
    }
}
