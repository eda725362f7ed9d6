package org.registrybbm.app.internal.database;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import javax.sql.DataSource;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import liquibase.Scope;
import liquibase.UpdateSummaryEnum;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.resource.ClassLoaderResourceAccessor;
import liquibase.ui.LoggerUIService;

/** Applies the registry's schema, which also queues batched migrations. */
public final class Changelog {
    /** The place of the changelog on the classpath. */
    public static final String PATH = "org/registrybbm/db/registry.xml";

    private Changelog() {}

    /** Applies what is not applied yet, and prints nothing on stdout. */
    public static void apply(DataSource dataSource) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            Scope.child(Map.of(Scope.Attr.ui.name(), new LoggerUIService()), () -> update(connection));
        } catch (SQLException e) {
            throw e;
        } catch (Exception e) {
            throw new SQLException("the schema of the embedded PostgreSQL could not be made: " + e.getMessage(), e);
        }
    }

    private static void update(Connection connection) throws Exception {
        Liquibase liquibase = new Liquibase(
                PATH,
                new ClassLoaderResourceAccessor(),
                DatabaseFactory.getInstance().findCorrectDatabaseImplementation(new JdbcConnection(connection)));
        liquibase.setShowSummary(UpdateSummaryEnum.OFF);
        liquibase.update(new Contexts(), new LabelExpression());
    }
}
