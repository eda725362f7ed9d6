package org.registrybbm.migrations.liquibase;

import static org.registrybbm.migrations.liquibase.base.Attribute.optional;
import static org.registrybbm.migrations.liquibase.base.Attribute.required;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import org.registrybbm.migrations.internal.tables.GateQueries;
import org.registrybbm.migrations.liquibase.base.Attribute;
import org.registrybbm.migrations.liquibase.base.AttributeType;
import org.registrybbm.migrations.liquibase.base.Attributes;

/**
 * What a change needs of batched migrations.
 *
 * @param function the qualified name of the SQL function {@code batched_migration_gate}
 * @param names the batched migrations, as PostgreSQL writes an array
 * @param verified whether they must be verified
 * @param allowWaived whether waived rows may be left
 */
record Requirement(String function, String names, boolean verified, boolean allowWaived) {
    static final String NAMES = "names";
    static final String VERIFIED = "verified";
    static final String ALLOW_WAIVED = "allowWaived";

    /** The attributes that say it, wherever a changelog does. */
    static final List<Attribute> ATTRIBUTES = List.of(
            required(NAMES, new AttributeType.Names()),
            optional(VERIFIED, AttributeType.Word.YES_OR_NO),
            optional(ALLOW_WAIVED, AttributeType.Word.YES_OR_NO));

    /** Returns the names that the attributes give. */
    static Set<String> names(Attributes attributes) {
        return attributes.get(NAMES).map(AttributeType.Names::elements).orElse(Set.of());
    }

    /** Reads a gate from the attributes of a change or a precondition, of which the names must be given. */
    static Requirement of(Attributes attributes) {
        return new Requirement(
                attributes.qualified(GateQueries.FUNCTION),
                attributes.get(NAMES).orElseThrow(),
                attributes.get(VERIFIED).map(Boolean::parseBoolean).orElse(true),
                attributes.get(ALLOW_WAIVED).map(Boolean::parseBoolean).orElse(false));
    }

    /** Looks at each migration, without a lock. */
    List<GateQueries.Look> look(Connection connection) throws SQLException {
        return GateQueries.look(connection, function, names, allowWaived);
    }

    /** Returns whether a migration is as it must be. */
    boolean passes(GateQueries.Look one) {
        return switch (one.state()) {
            case "verified" -> true;
            case "unverified", "unverifiable" -> !verified;
            default -> false;
        };
    }
}
