package org.registrybbm.app.internal.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.codahale.metrics.MetricRegistry;
import io.dropwizard.db.DataSourceFactory;
import io.dropwizard.db.ManagedDataSource;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.app.config.DatabaseFactory;
import org.registrybbm.app.internal.database.DirectConnections;
import org.registrybbm.app.internal.database.Pools;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

@ExtendWith(PostgresExtension.class)
class PoolsTest {
    private final TestDatabase database;

    PoolsTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    void optionsOfTheUrlStandBesideTheLimitsOfThePools() throws Exception {
        Pools pools = pools("options=-c%20search_path%3Dpublic", false);

        assertThat(show(quartz(pools), "search_path", "lock_timeout", "statement_timeout"))
                .isEqualTo("public 5s 15s");
        assertThat(show(data(pools), "search_path", "statement_timeout")).isEqualTo("public 1min");
        assertThat(presence(pools, "search_path", "statement_timeout")).isEqualTo("public 1min");
    }

    @Test
    void aSettingThatTheUrlNamesHasTheLastWord() throws Exception {
        Pools pools = pools("options=-c%20lock_timeout%3D3s", false);

        assertThat(show(quartz(pools), "lock_timeout", "statement_timeout")).isEqualTo("3s 15s");
        assertThat(show(data(pools), "lock_timeout")).isEqualTo("3s");
    }

    @Test
    void behindPgBouncerThereAreOnlyTheOptionsOfTheUrl() throws Exception {
        assertThat(show(quartz(pools("options=-c%20lock_timeout%3D3s", true)), "lock_timeout", "statement_timeout"))
                .isEqualTo("3s 0");
        assertThat(quartz(pools("x=y", true)).getProperties()).doesNotContainKey("options");
    }

    @Test
    void whatTheUrlSaysOfAPropertyGoesBeforeOurs() throws Exception {
        Pools pools = pools("ApplicationName=mine&socketTimeout=33&logServerErrorDetail=true", false);

        assertThat(show(data(pools), "application_name")).isEqualTo("mine");
        assertThat(show(quartz(pools), "application_name")).isEqualTo("mine-quartz");
        assertThat(presence(pools, "application_name")).isEqualTo("mine-presence");
        assertThat(data(pools).getProperties())
                .containsEntry("socketTimeout", "33")
                .containsEntry("connectTimeout", "5")
                // It would show row values.
                .containsEntry("logServerErrorDetail", "false");
        assertThat(data(pools).getUrl()).doesNotContain("socketTimeout", "ApplicationName", "logServerErrorDetail");
    }

    @Test
    void passwordsDoNotStayInTheUrl() {
        Pools pools = new Pools(
                new Pools.Address("jdbc:postgresql://h/d?user=me&password=a%26b&sslpassword=c&ssl=true", "you", "z"),
                false);

        assertThat(data(pools).getUrl()).isEqualTo("jdbc:postgresql://h/d?ssl=true");
        assertThat(data(pools).getUser()).isEqualTo("me");
        assertThat(data(pools).getPassword()).isEqualTo("a&b");
        assertThat(data(pools).getProperties()).containsEntry("sslpassword", "c");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            jdbc:postgresql://127.0.0.1:1/nowhere?user=me&password=Geheim9 | PostgreSQL at 127.0.0.1:1/nowhere as me: Connection refused
            jdbc:postgresql://nohost.invalid/d?password=Geheim9            | PostgreSQL at nohost.invalid:5432/d: the host is unknown
            jdbc:postgresql://127.0.0.1:1,127.0.0.1:2/d                    | PostgreSQL at 127.0.0.1:1,127.0.0.1:2/d: Connection refused
            jdbc:postgresql://127.0.0.1:1/d?connectTimeout=never           | connectTimeout parameter value must be an integer
            """)
    void sayWhereAndWhyTheyCouldNotConnect(String url, String expected) throws Exception {
        DataSourceFactory factory = data(new Pools(new Pools.Address(url, null, null), false));
        ManagedDataSource pool = factory.build(new MetricRegistry(), "away");

        assertThatThrownBy(pool::getConnection)
                .isInstanceOf(SQLException.class)
                .hasMessageStartingWith("could not connect to PostgreSQL at ")
                .hasMessageContaining(expected)
                .hasMessageNotContaining("Geheim9");
        assertThatThrownBy(() -> DirectConnections.like(factory).orElseThrow().getConnection())
                .hasMessageContaining(expected);
    }

    private Pools pools(String parameters, boolean pgBouncer) {
        String url = database.url() + (database.url().contains("?") ? "&" : "?") + parameters;
        return new Pools(new Pools.Address(url, null, null), pgBouncer);
    }

    private static DataSourceFactory data(Pools pools) {
        return pools.data(new DatabaseFactory.PoolFactory(), Duration.ofSeconds(30));
    }

    private static DataSourceFactory quartz(Pools pools) {
        return pools.quartz(new DatabaseFactory.PoolFactory());
    }

    private static String show(DataSourceFactory factory, String... settings) throws Exception {
        ManagedDataSource pool = factory.build(new MetricRegistry(), "pool");
        try {
            return settings(pool, settings);
        } finally {
            pool.stop();
        }
    }

    private static String presence(Pools pools, String... settings) throws SQLException {
        return settings(DirectConnections.like(data(pools)).orElseThrow(), settings);
    }

    private static String settings(DataSource dataSource, String... settings) throws SQLException {
        StringBuilder values = new StringBuilder();
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            for (String setting : settings) {
                try (ResultSet shown = statement.executeQuery("SHOW " + setting)) {
                    shown.next();
                    values.append(values.isEmpty() ? "" : " ").append(shown.getString(1));
                }
            }
        }
        return values.toString();
    }
}
