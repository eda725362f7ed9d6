package org.registrybbm.migrations.functions;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Whoever looks at the sessions of the server sees which migration a statement belongs to. */
@ExtendWith(PostgresExtension.class)
class TaggedStatementsTest {
    private final TestDatabase database;
    private final EngineFixture fixture;

    TaggedStatementsTest(TestDatabase database) {
        this.database = database;
        this.fixture = new EngineFixture(database);
        EngineFixture.clean(database);
    }

    @Test
    void nameTheMigrationAndTheBatchJob() {
        List<String> seen = new CopyOnWriteArrayList<>();
        fixture.items(1, 10).queueItems("odd */ name?", "look", 10);

        assertThat(fixture.drain(Map.of("look", context -> {
                            try (var statement = context.connection()
                                            .prepareStatement(
                                                    "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid() AND 1 = ?");
                                    var rows = bound(statement)) {
                                rows.next();
                                seen.add(rows.getString(1));
                            }
                            return ItemsWork.addOne(context);
                        }))
                        .isComplete())
                .isTrue();

        long job = database.number("SELECT min(id) FROM batched_background_migration_jobs");
        assertThat(seen.get(0)).startsWith("/* bbm=odd____name_ job=" + job + " */ SELECT query");
        fixture.assertEachItemChangedOnce();
    }

    private static ResultSet bound(PreparedStatement statement) throws SQLException {
        statement.setInt(1, 1);
        return statement.executeQuery();
    }
}
