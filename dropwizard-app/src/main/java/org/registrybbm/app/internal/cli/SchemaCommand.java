package org.registrybbm.app.internal.cli;

import com.codahale.metrics.MetricRegistry;
import io.dropwizard.core.cli.Cli;
import io.dropwizard.core.setup.Bootstrap;
import io.dropwizard.db.DatabaseConfiguration;
import io.dropwizard.db.ManagedDataSource;
import io.dropwizard.db.PooledDataSourceFactory;
import io.dropwizard.migrations.AbstractLiquibaseCommand;
import io.dropwizard.migrations.DbCalculateChecksumCommand;
import io.dropwizard.migrations.DbClearChecksumsCommand;
import io.dropwizard.migrations.DbCommand;
import io.dropwizard.migrations.DbDropAllCommand;
import io.dropwizard.migrations.DbDumpCommand;
import io.dropwizard.migrations.DbFastForwardCommand;
import io.dropwizard.migrations.DbGenerateDocsCommand;
import io.dropwizard.migrations.DbLocksCommand;
import io.dropwizard.migrations.DbMigrateCommand;
import io.dropwizard.migrations.DbPrepareRollbackCommand;
import io.dropwizard.migrations.DbRollbackCommand;
import io.dropwizard.migrations.DbStatusCommand;
import io.dropwizard.migrations.DbTagCommand;
import io.dropwizard.migrations.DbTestCommand;
import java.io.PrintStream;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import liquibase.Liquibase;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.DatabaseException;
import liquibase.exception.LiquibaseException;
import net.sourceforge.argparse4j.inf.Namespace;
import net.sourceforge.argparse4j.inf.Subparser;
import net.sourceforge.argparse4j.inf.Subparsers;
import org.registrybbm.app.config.BackgroundMigrationsFactory;
import org.registrybbm.app.config.RegistryConfiguration;
import org.registrybbm.app.internal.database.DirectConnections;
import org.registrybbm.app.internal.database.NamedPool;
import org.registrybbm.app.internal.database.SchemaLocks;
import org.registrybbm.app.internal.text.CommandFailure;
import org.registrybbm.app.internal.text.Errors;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.liquibase.OpenGateStatement;
import org.registrybbm.migrations.liquibase.SchemaLock;
import org.registrybbm.migrations.liquibase.SmallTables;

/**
 * Runs {@code db}: Dropwizard's commands of Liquibase, and {@code check}. Before {@code migrate} changes anything, it asks the gates of all
 * changesets that have not run yet.
 */
public final class SchemaCommand extends DbCommand<RegistryConfiguration> {
    private static final String SUBCOMMAND = "subcommand";
    private static final String MIGRATE = "migrate";
    private static final String ROLLBACK = "rollback";
    private static final String DRY_RUN = "dry-run";
    private static final String LOCKS = "locks";
    private static final String RELEASE = "release";
    private static final Set<String> CHANGING =
            Set.of("clear-checksums", "drop-all", "fast-forward", MIGRATE, ROLLBACK, "tag", "test");
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(30);
    private static final Duration LONGEST_LOCK_WAIT = Duration.ofSeconds(5);
    private static final Duration LONGEST_RUN = Duration.ofMinutes(1);

    private final DatabaseConfiguration<RegistryConfiguration> database;
    private final DatabaseConfiguration<RegistryConfiguration> rows;
    private final PrintStream err;
    // Dropwizard puts it into the scope of Liquibase, which it does not leave when a changeset fails.
    private final Map<String, Object> scope;
    private final GateCheckCommand check;
    private final LintCommand lint;
    private final List<AbstractLiquibaseCommand<RegistryConfiguration>> commands;

    /**
     * Creates the command.
     *
     * @param database the database that the configuration names
     * @param rows connections through which {@code migrate} runs the migrations of small tables, and those of gates in mode {@code run}
     * @param changelog where the changelog is on the class path
     * @param out where findings go
     * @param err where refusals and progress go
     */
    public SchemaCommand(
            DatabaseConfiguration<RegistryConfiguration> database,
            DatabaseConfiguration<RegistryConfiguration> rows,
            String changelog,
            PrintStream out,
            PrintStream err) {
        this(database, rows, changelog, new Streams(out, err), new HashMap<>());
    }

    private record Streams(PrintStream out, PrintStream err) {}

    private SchemaCommand(
            DatabaseConfiguration<RegistryConfiguration> database,
            DatabaseConfiguration<RegistryConfiguration> rows,
            String changelog,
            Streams streams,
            Map<String, Object> scope) {
        super("db", database, RegistryConfiguration.class, changelog, scope);
        this.scope = scope;
        this.database = database;
        this.rows = rows;
        this.err = streams.err();
        this.check = new GateCheckCommand(database, changelog, streams.err());
        this.lint = new LintCommand(database, changelog, streams.out());
        Class<RegistryConfiguration> type = RegistryConfiguration.class;
        this.commands = List.of(
                new DbCalculateChecksumCommand<>(database, type, changelog),
                check,
                new DbClearChecksumsCommand<>(database, type, changelog),
                new DbDropAllCommand<>(database, type, changelog),
                new DbDumpCommand<>(database, type, changelog),
                new DbFastForwardCommand<>(database, type, changelog) {},
                new DbGenerateDocsCommand<>(database, type, changelog),
                lint,
                new DbLocksCommand<>(database, type, changelog),
                new DbMigrateCommand<>(database, type, changelog),
                new DbPrepareRollbackCommand<>(database, type, changelog),
                new DbRollbackCommand<>(database, type, changelog),
                new DbStatusCommand<>(database, type, changelog),
                new DbTagCommand<>(database, type, changelog),
                new DbTestCommand<>(database, type, changelog));
    }

    // As Dropwizard does, but here the parser of a subcommand can be given more options.
    @Override
    public void configure(Subparser parser) {
        Subparsers subparsers = parser.addSubparsers()
                .title("subcommands")
                .metavar("SUBCOMMAND")
                .help("one of: calculate-checksum, check,\nclear-checksums, drop-all, dump, fast-forward,\n"
                        + "generate-docs, lint, locks, migrate,\nprepare-rollback, rollback, status, tag, test");
        for (AbstractLiquibaseCommand<RegistryConfiguration> command : commands) {
            Subparser own = subparsers
                    .addParser(command.getName())
                    .setDefault(SUBCOMMAND, command.getName())
                    .description(command.getDescription());
            command.configure(own);
            if (command.getName().equals(MIGRATE)) {
                GateCheckCommand.addWait(own);
            }
        }
        parser.help("Show, change and roll back the schema (Liquibase)").epilog("""
                        The subcommands that are needed most:

                          status --verbose        list the schema changes that are pending
                          check                   ask whether batched migrations stand in the way
                                                  of them
                          lint                    tell what will go wrong with the batched
                                                  migrations of the changelog
                          migrate                 apply them, and run the batched migrations of
                                                  small tables; run it before new replicas start
                          migrate --wait 30m      wait for batched migrations in their way first
                          migrate --dry-run       only print their SQL
                          rollback --count 1      take back the newest schema change; stop the
                                                  replicas first
                          locks --force-release   release the lock of a run that was killed

                        'db SUBCOMMAND --help' explains a subcommand.""");
    }

    @Override
    public void run(Namespace namespace, Liquibase liquibase) throws Exception {
        String subcommand = namespace.getString(SUBCOMMAND);
        if (GateCheckCommand.NAME.equals(subcommand)) {
            check.run(namespace, liquibase);
            return;
        }
        boolean dry = Boolean.TRUE.equals(namespace.getBoolean(DRY_RUN));
        if (MIGRATE.equals(subcommand) && !dry) {
            // Without the lock, because it may wait. The changesets themselves ask again.
            check.requireOpen(namespace, liquibase);
        }
        if (CHANGING.contains(subcommand) && !dry) {
            SchemaLock.take(liquibase.getDatabase(), LONGEST_WAIT, err::println);
        }
        if (ROLLBACK.equals(subcommand) && !dry) {
            limitLockWaits(liquibase);
        }
        if (LOCKS.equals(subcommand) && Boolean.TRUE.equals(namespace.getBoolean(RELEASE))) {
            requireNoHolder(liquibase);
        }
        if (MIGRATE.equals(subcommand)
                && !dry
                && scope.get(OpenGateStatement.ENGINE) instanceof BatchedMigrations engine) {
            SmallTables small = new SmallTables(engine, LONGEST_RUN, err::println);
            liquibase.setChangeExecListener(small);
            super.run(namespace, liquibase);
            small.run(liquibase.getDatabase());
            return;
        }
        super.run(namespace, liquibase);
    }

    /**
     * Liquibase generates the statements that take a changeset back, so they have no limit of their own. Everybody who comes after a
     * statement that waits for a table waits too.
     */
    private static void limitLockWaits(Liquibase liquibase) throws LiquibaseException {
        if (liquibase.getDatabase().getConnection() instanceof JdbcConnection session) {
            try (Statement statement = session.createStatement()) {
                statement.execute("SET lock_timeout = '" + LONGEST_LOCK_WAIT.toMillis() + "ms'");
            } catch (SQLException e) {
                throw new DatabaseException(e);
            }
        }
    }

    private static void requireNoHolder(Liquibase liquibase) throws LiquibaseException {
        Optional<String> holder = SchemaLock.holder(liquibase.getDatabase());
        if (holder.isPresent()) {
            throw new CommandFailure("the lock was not released: the schema is being changed by " + holder.get());
        }
    }

    @Override
    protected void run(
            Bootstrap<RegistryConfiguration> bootstrap, Namespace namespace, RegistryConfiguration configuration)
            throws Exception {
        if (LintCommand.NAME.equals(namespace.getString(SUBCOMMAND))) {
            lint.run(bootstrap, namespace, configuration);
            return;
        }
        ManagedDataSource pool =
                NamedPool.build(rows.getDataSourceFactory(configuration), bootstrap.getMetricRegistry(), "db-rows");
        pool.start();
        try (BatchedMigrations engine = engine(pool, configuration)) {
            scope.put(OpenGateStatement.ENGINE, engine);
            super.run(bootstrap, namespace, configuration);
        } catch (LiquibaseException e) {
            throw explained(e, configuration);
        } finally {
            pool.stop();
        }
    }

    private BatchedMigrations engine(ManagedDataSource pool, RegistryConfiguration configuration) {
        BackgroundMigrationsFactory settings = configuration.backgroundMigrations();
        BatchedMigrations.Builder engine = BatchedMigrations.on(pool)
                .settings(settings.engineSettings().inForeground())
                .registryLock(settings.registryLock());
        DirectConnections.like(rows.getDataSourceFactory(configuration)).ifPresent(engine::presence);
        return engine.build();
    }

    private Exception explained(LiquibaseException e, RegistryConfiguration configuration) throws Exception {
        PooledDataSourceFactory factory = database.getDataSourceFactory(configuration);
        factory.asSingleConnectionPool();
        ManagedDataSource pool = factory.build(new MetricRegistry(), "db-locks");
        try {
            Optional<String> locked = SchemaLocks.why(e, pool);
            return locked.isPresent() ? new CommandFailure(locked.get(), e) : e;
        } finally {
            pool.stop();
        }
    }

    @Override
    public void onError(Cli cli, Namespace namespace, Throwable e) {
        Errors.print(cli, e);
    }
}
