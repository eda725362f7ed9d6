package org.registrybbm.migrations.liquibase;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import liquibase.change.AbstractSQLChange;
import liquibase.change.Change;
import liquibase.changelog.ChangeSet;
import liquibase.precondition.Precondition;
import liquibase.precondition.PreconditionLogic;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.liquibase.conversion.FinishColumnConversionChange;

/** Which batched migrations a changeset asks for, in whatever way. */
final class Gates {
    private static final String ELEMENTS = """
            SELECT name
            FROM unnest(?::text[]) AS name
            """;

    private Gates() {}

    /** Returns whether a changeset may ask for any, without a look at the database. */
    static boolean mayHave(ChangeSet changeSet) {
        return changeSet.getPreconditions() != null
                || changeSet.getChanges().stream()
                        .anyMatch(change -> change instanceof RequireBatchedMigrationChange
                                || change instanceof SetNotNullAfterChange
                                || change instanceof FinishColumnConversionChange
                                || change instanceof AbstractSQLChange);
    }

    /** Returns the names of those that a changeset asks for. */
    static Set<String> of(ChangeSet changeSet, Connection connection) throws SQLException {
        List<String> arrays = new ArrayList<>();
        if (changeSet.getPreconditions() != null) {
            preconditions(changeSet.getPreconditions()).forEach(gate -> arrays.add(gate.names()));
        }
        for (Change change : changeSet.getChanges()) {
            if (change instanceof RequireBatchedMigrationChange require) {
                require.gate().ifPresent(gate -> arrays.add(gate.names()));
            } else if (change instanceof SetNotNullAfterChange after) {
                arrays.add(after.gate().names());
            } else if (change instanceof FinishColumnConversionChange finish) {
                arrays.add(finish.migrations(connection));
            } else if (change instanceof AbstractSQLChange sql && sql.getSql() != null) {
                SqlGates.gates(sql.getSql()).forEach(gate -> arrays.add(gate.names()));
            }
        }
        Set<String> names = new HashSet<>();
        for (String array : arrays) {
            names.addAll(Jdbc.list(connection, ELEMENTS, row -> row.getString("name"), array));
        }
        return names;
    }

    /** Returns the gates among preconditions, however deep they are. */
    static Stream<Requirement> preconditions(PreconditionLogic logic) {
        return logic.getNestedPreconditions().stream().flatMap((Precondition nested) -> {
            if (nested instanceof BatchedMigrationFinishedPrecondition finished) {
                return Stream.of(finished.gate());
            }
            return nested instanceof PreconditionLogic inner ? preconditions(inner) : Stream.of();
        });
    }
}
