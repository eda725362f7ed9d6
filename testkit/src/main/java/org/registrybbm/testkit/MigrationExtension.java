package org.registrybbm.testkit;

import java.util.List;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.registrybbm.migrations.work.WorkFunctions;
import org.registrybbm.migrations.work.WorkRegistry;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/**
 * Gives each test that has a parameter of the type {@link MigrationTester} a database of its own, with the tables of the engine, on a real
 * PostgreSQL. The server runs in a container if Docker answers, and is embedded otherwise; {@code -Dbbm.test.pg=jdbc:postgresql:...} names
 * another one. The database is dropped after the test.
 *
 * <pre>{@code
 * @RegisterExtension
 * static final MigrationExtension MIGRATIONS = MigrationExtension.with(new MyWorkFunctions());
 *
 * @Test
 * void lowersEmails(MigrationTester tester) {
 *     tester.execute("CREATE TABLE users (id bigint PRIMARY KEY, email text)");
 *     ...
 * }
 * }</pre>
 *
 * <p>With {@code @ExtendWith(MigrationExtension.class)}, the work functions that {@link java.util.ServiceLoader} finds are used.
 */
public final class MigrationExtension implements ParameterResolver {
    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(MigrationExtension.class);

    private final List<WorkFunctions> workFunctions;

    /** Creates an extension with the shipped work functions and those that {@link java.util.ServiceLoader} finds. */
    public MigrationExtension() {
        this(List.of());
    }

    private MigrationExtension(List<WorkFunctions> workFunctions) {
        this.workFunctions = workFunctions;
    }

    /**
     * Returns an extension with the shipped work functions and the given ones.
     *
     * @param workFunctions the application's own work functions
     */
    public static MigrationExtension with(WorkFunctions... workFunctions) {
        return new MigrationExtension(List.of(workFunctions));
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == MigrationTester.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return context.getStore(NAMESPACE)
                .getOrComputeIfAbsent(MigrationTester.class, type -> new Lent(workFunctions), Lent.class)
                .tester();
    }

    /** Holds a tester whose database is dropped after the test. */
    private record Lent(TestDatabase database, MigrationTester tester)
            implements ExtensionContext.Store.CloseableResource, AutoCloseable {
        Lent(List<WorkFunctions> workFunctions) {
            this(PostgresExtension.migrated(), workFunctions);
        }

        private Lent(TestDatabase database, List<WorkFunctions> workFunctions) {
            this(database, new MigrationTester(database, WorkRegistry.of(workFunctions)));
        }

        @Override
        public void close() {
            PostgresExtension.drop(database);
        }
    }
}
