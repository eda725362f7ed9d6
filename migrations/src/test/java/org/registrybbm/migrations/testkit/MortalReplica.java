package org.registrybbm.migrations.testkit;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.migrations.work.WorkRegistry;
import org.registrybbm.testkit.postgres.BareDataSource;

/** A replica that can die like a killed process: its connections are gone at once, and nothing is handed back. */
public final class MortalReplica implements BareDataSource {
    private final DataSource database;
    private final List<Connection> connections = new ArrayList<>();
    private boolean dead;

    public MortalReplica(DataSource database) {
        this.database = database;
    }

    @Override
    public Connection getConnection() throws SQLException {
        if (dead) {
            throw new SQLException("the replica is dead", "08001");
        }
        Connection connection = database.getConnection();
        connections.add(connection);
        return connection;
    }

    /** Runs a batch job with its own work as the function {@code addOne}. */
    public BatchOutcome run(long job, WorkFunction work) {
        return BatchedMigrations.on(this)
                .settings(EngineFixture.SETTINGS)
                .workRegistry(
                        WorkRegistry.builder().register(ItemsWork.ADD_ONE, work).build())
                .replica("mortal")
                .build()
                .runner()
                .run(job, this::isDead);
    }

    /** Dies in the middle of whatever it does. */
    public void die() throws SQLException {
        dead = true;
        for (Connection connection : connections) {
            connection.abort(Runnable::run);
        }
        throw new SQLException("the replica is dead", "08006");
    }

    public boolean isDead() {
        return dead;
    }
}
