package org.registrybbm.migrations.liquibase;

import java.nio.file.Path;
import java.sql.Connection;
import java.util.Properties;
import liquibase.Contexts;
import liquibase.Liquibase;
import liquibase.database.Database;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.resource.ClassLoaderResourceAccessor;
import liquibase.resource.CompositeResourceAccessor;
import liquibase.resource.DirectoryResourceAccessor;
import org.postgresql.Driver;

/** Runs an update as any application does, with what each version of Liquibase has. It is loaded once for each version. */
public final class PlainUpdate {
    private PlainUpdate() {}

    /** Applies {@code changes.yaml} of a directory. */
    public static void run(String url, String directory, String schema) throws Exception {
        try (Connection connection = new Driver().connect(url, new Properties())) {
            Database database =
                    DatabaseFactory.getInstance().findCorrectDatabaseImplementation(new JdbcConnection(connection));
            database.setDefaultSchemaName(schema);
            Liquibase liquibase = new Liquibase(
                    "changes.yaml",
                    new CompositeResourceAccessor(
                            new DirectoryResourceAccessor(Path.of(directory)), new ClassLoaderResourceAccessor()),
                    database);
            liquibase.update(new Contexts());
        }
    }
}
