package org.registrybbm.migrations.running;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.BareDataSource;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/**
 * A network that swallows packets: whoever plans or claims waits for an answer 15 s at most, and gives the connection back to the host's
 * pool with the pool's own limit.
 */
@ExtendWith(PostgresExtension.class)
class DarkNetworkTest {
    private static final Set<String> SENDING = Set.of("prepareStatement", "createStatement", "commit", "rollback");
    private static final int OF_THE_POOL = 77_000;

    private final EngineFixture fixture;
    private final TestDatabase database;
    private final Queue<Integer> limits = new ConcurrentLinkedQueue<>();
    private final Queue<Integer> givenBack = new ConcurrentLinkedQueue<>();

    DarkNetworkTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @Test
    void isWaitedForAShortTimeByPlansAndClaims() {
        fixture.items(1, 100).queueItems("m", "stop", 10);
        BatchedMigrations engine =
                EngineFixture.engine(new Counted(), EngineFixture.SETTINGS, Map.of("stop", ItemsWork::addOne));

        assertThat(engine.planner().hasWork()).isTrue();
        List<Long> due = engine.planner().plan().due();
        engine.planner().leave();

        assertThat(due).isNotEmpty();
        assertThat(limits).isNotEmpty().allSatisfy(limit -> assertThat(limit).isBetween(1, 15_000));
        assertThat(givenBack).isNotEmpty().containsOnly(OF_THE_POOL);
        limits.clear();

        assertThat(engine.runner().run(due.get(0), () -> true)).isInstanceOf(BatchOutcome.HandedBack.class);

        assertThat(limits).isNotEmpty().contains(15_000);
        assertThat(givenBack).containsOnly(OF_THE_POOL);
    }

    private final class Counted implements BareDataSource {
        @Override
        public Connection getConnection() throws SQLException {
            return open();
        }
    }

    private Connection open() throws SQLException {
        Connection connection = database.getConnection();
        connection.setNetworkTimeout(Runnable::run, OF_THE_POOL);
        return (Connection) Proxy.newProxyInstance(
                DarkNetworkTest.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, args) -> {
                    if (SENDING.contains(method.getName())) {
                        limits.add(connection.getNetworkTimeout());
                    } else if (method.getName().equals("close")) {
                        givenBack.add(connection.getNetworkTimeout());
                    }
                    try {
                        return method.invoke(connection, args);
                    } catch (InvocationTargetException e) {
                        throw e.getCause() == null ? e : e.getCause();
                    }
                });
    }
}
