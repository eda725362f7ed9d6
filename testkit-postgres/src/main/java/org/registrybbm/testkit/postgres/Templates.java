package org.registrybbm.testkit.postgres;

import java.sql.Connection;
import java.sql.DriverManager;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.logging.Level;
import java.util.logging.Logger;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import liquibase.Scope;
import liquibase.UpdateSummaryOutputEnum;
import liquibase.database.jvm.JdbcConnection;
import liquibase.resource.ClassLoaderResourceAccessor;
import liquibase.ui.LoggerUIService;

/**
 * The databases of a server that test databases are copies of.
 *
 * @param server the server
 */
record Templates(PgServer server) {
    /** What most test databases have: the tables of the engine and of Quartz. */
    static final List<String> USUAL = List.of(PostgresExtension.ENGINE_CHANGELOG, PostgresExtension.QUARTZ_CHANGELOG);

    // Held in a field because the logging system forgets a logger that nobody holds, and its level with it.
    private static final Logger LIQUIBASE = Logger.getLogger("liquibase");

    private static final Map<List<String>, String> NAMES = new ConcurrentHashMap<>();

    static {
        LIQUIBASE.setLevel(Level.WARNING);
    }

    /** Returns the name of the database with the tables of some changelogs, which is made if it is not there. */
    String of(List<String> changelogs) {
        return NAMES.computeIfAbsent(changelogs, key -> {
            String prepared = prepared(changelogs);
            // Other test processes may use the same server.
            return server.has(prepared)
                    ? prepared
                    : make("bbm_template_" + ProcessHandle.current().pid() + "_" + hash(changelogs), changelogs);
        });
    }

    /** Makes the database with the tables of some changelogs, for whoever starts a server on a copy of this one's data. */
    void prepare(List<String> changelogs) {
        make(prepared(changelogs), changelogs);
    }

    private static String prepared(List<String> changelogs) {
        return "bbm_prepared_" + hash(changelogs);
    }

    private static String hash(List<String> changelogs) {
        return HexFormat.of().toHexDigits(changelogs.hashCode());
    }

    private String make(String name, List<String> changelogs) {
        server.execute("CREATE DATABASE " + name);
        changelogs.forEach(changelog -> migrate(server.urlOf(name), changelog));
        return name;
    }

    /** Applies a changelog from the classpath to a database. */
    static void migrate(String url, String changelog) {
        try (Connection connection = DriverManager.getConnection(url)) {
            Scope.child(Map.of(Scope.Attr.ui.name(), new LoggerUIService()), () -> {
                try (Liquibase liquibase =
                        new Liquibase(changelog, new ClassLoaderResourceAccessor(), new JdbcConnection(connection))) {
                    liquibase.setShowSummaryOutput(UpdateSummaryOutputEnum.LOG);
                    liquibase.update(new Contexts(), new LabelExpression());
                }
            });
        } catch (Exception e) {
            throw new IllegalStateException("could not apply " + changelog, e);
        }
    }
}
