package org.registrybbm.app.internal.health;

import com.codahale.metrics.health.HealthCheck;
import java.sql.Connection;
import javax.sql.DataSource;

/** Reports whether the database answers. */
public final class DatabaseHealthCheck extends HealthCheck {
    /** The name has a prefix, because a host application has checks of its own. */
    public static final String NAME = "batched-migrations-database";

    private static final int TIMEOUT_SECONDS = 2;

    private final DataSource dataSource;

    /** Creates a check that asks through the given pool, the one that batch jobs use. */
    public DatabaseHealthCheck(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    @Override
    protected Result check() throws Exception {
        try (Connection connection = dataSource.getConnection()) {
            return connection.isValid(TIMEOUT_SECONDS)
                    ? Result.healthy()
                    : Result.unhealthy("the database did not answer within %d s", TIMEOUT_SECONDS);
        }
    }
}
