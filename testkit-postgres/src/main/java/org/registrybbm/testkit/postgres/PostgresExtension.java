package org.registrybbm.testkit.postgres;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives a test class a {@link TestDatabase}: a copy of a migrated template, whose sessions have an unusual time zone. After the class, the
 * database is dropped, and the class fails if a transaction was left open.
 */
public final class PostgresExtension implements BeforeAllCallback, AfterAllCallback, ParameterResolver {
    /** The changelog of the tables of batched migrations. */
    public static final String ENGINE_CHANGELOG = "org/registrybbm/db/batched-migrations.xml";

    /** The changelog of Quartz's tables. */
    public static final String QUARTZ_CHANGELOG = "org/registrybbm/db/quartz.xml";

    /** The changelog of all these tables and of the registry's own. */
    private static final String REGISTRY_CHANGELOG = "org/registrybbm/db/registry.xml";

    /** The time zone of the sessions. Hardly any machine has it, so a test that depends on the machine's time zone fails. */
    static final String TIME_ZONE = "Asia/Kathmandu";

    private static final long LONGEST_LEFTOVER = TimeUnit.SECONDS.toNanos(20);
    private static final AtomicInteger COUNT = new AtomicInteger();
    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(PostgresExtension.class);

    @Override
    public void beforeAll(ExtensionContext context) throws Exception {
        context.getStore(NAMESPACE).put(TestDatabase.class, migrated());
    }

    @Override
    public void afterAll(ExtensionContext context) {
        TestDatabase database = context.getStore(NAMESPACE).remove(TestDatabase.class, TestDatabase.class);
        if (database != null) {
            List<String> open = openTransactions(database);
            // A replica that a test killed or froze leaves a transaction open until PostgreSQL notices.
            for (long end = System.nanoTime() + LONGEST_LEFTOVER; !open.isEmpty() && System.nanoTime() < end; ) {
                open = openTransactions(database);
            }
            drop(database);
            if (!open.isEmpty()) {
                throw new AssertionError("transactions were left open: " + open);
            }
        }
    }

    private static List<String> openTransactions(TestDatabase database) {
        return database.column("""
                SELECT coalesce(application_name, '') || ': ' || query
                FROM pg_stat_activity
                CROSS JOIN pg_sleep(0.05)
                WHERE datname = current_database() AND state LIKE 'idle in transaction%'
                """);
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == TestDatabase.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return context.getStore(NAMESPACE).get(TestDatabase.class, TestDatabase.class);
    }

    /** Creates a database with the tables of the engine and of Quartz; the caller drops it. */
    public static TestDatabase migrated() {
        return copyOf(template(Templates.USUAL));
    }

    /** Creates a database with all tables of the application {@code registry}; the caller drops it. */
    public static TestDatabase registry() {
        return copyOf(template(List.of(REGISTRY_CHANGELOG)));
    }

    /** Creates an empty database; the caller drops it. */
    public static TestDatabase empty() {
        return copyOf("template1");
    }

    /** Drops a database, and ends the connections to it. */
    public static void drop(TestDatabase database) {
        KeptSessions.end(database.name());
        admin("DROP DATABASE IF EXISTS " + database.name() + " WITH (FORCE)");
    }

    /** Applies a changelog from the classpath. */
    public static void migrate(TestDatabase database, String changelog) {
        Templates.migrate(database.url(), changelog);
    }

    private static String template(List<String> changelogs) {
        return new Templates(PgServer.get()).of(changelogs);
    }

    private static TestDatabase copyOf(String template) {
        String name = "bbm_test_" + ProcessHandle.current().pid() + "_" + COUNT.incrementAndGet();
        admin("CREATE DATABASE " + name + " TEMPLATE " + template);
        admin("ALTER DATABASE " + name + " SET timezone = '" + TIME_ZONE + "'");
        return new TestDatabase(name, PgServer.get().urlOf(name));
    }

    private static void admin(String sql) {
        PgServer.get().execute(sql);
    }
}
