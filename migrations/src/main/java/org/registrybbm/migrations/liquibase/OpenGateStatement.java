package org.registrybbm.migrations.liquibase;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import liquibase.Scope;
import liquibase.database.Database;
import liquibase.database.PreparedStatementFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.DatabaseException;
import liquibase.exception.UnexpectedLiquibaseException;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.internal.tables.GateQueries;
import org.registrybbm.migrations.liquibase.base.ProgramStatement;
import org.registrybbm.migrations.model.StopSignal;

/**
 * Tries to open a gate before it is asked: waits for batched migrations that run, or runs them. It decides nothing; whatever comes of it,
 * the gate is asked afterwards.
 */
public final class OpenGateStatement extends ProgramStatement {
    /** Under this name, the scope of Liquibase holds the engine with which migrations can be run: {@link BatchedMigrations}. */
    public static final String ENGINE = "org.registrybbm.engine";

    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration LINE = Duration.ofSeconds(10);
    // What a run in the foreground may change. Everything else is for people.
    private static final Set<String> RUNNABLE = Set.of("running", "paused", "failed");

    private final Database database;
    private final Requirement gate;
    private final boolean run;
    private final Duration timeout;

    OpenGateStatement(Database database, Requirement gate, boolean run, Duration timeout) {
        this.database = database;
        this.gate = gate;
        this.run = run;
        this.timeout = timeout;
    }

    @Override
    public void execute(PreparedStatementFactory factory) throws DatabaseException {
        try {
            if (run) {
                run();
            } else {
                await();
            }
        } catch (SQLException e) {
            throw new DatabaseException("could not look at the batched migrations " + gate.names(), e);
        }
    }

    private void await() throws DatabaseException, SQLException {
        long end = System.nanoTime() + timeout.toNanos();
        long line = System.nanoTime();
        // One that nobody runs would be waited for in vain.
        for (List<GateQueries.Look> all = look();
                all.stream().anyMatch(GateQueries.Look::isRunning)
                        && all.stream().allMatch(one -> one.isRunning() || gate.passes(one))
                        && System.nanoTime() < end;
                all = look()) {
            if (System.nanoTime() >= line) {
                line += LINE.toNanos();
                tell(all);
            }
            pause();
        }
    }

    private void run() throws DatabaseException, SQLException {
        List<GateQueries.Look> all = look();
        if (all.stream().allMatch(gate::passes)) {
            return;
        }
        BatchedMigrations engine = Scope.getCurrentScope().get(ENGINE, BatchedMigrations.class);
        if (engine == null) {
            throw new UnexpectedLiquibaseException(
                    "mode run needs the engine of the application in the scope of Liquibase, under '" + ENGINE
                            + "'; use mode wait, or run 'registry background-migrate run' first");
        }
        if (all.stream().anyMatch(one -> one.isUnknown() || one.state().equals("code_missing"))) {
            return;
        }
        List<String> runnable = names(all, one -> RUNNABLE.contains(one.state()));
        if (!runnable.isEmpty()) {
            tell(all);
            long end = System.nanoTime() + timeout.toNanos();
            engine.presence().start(() -> {});
            var unused = engine.runToEnd(runnable, () -> System.nanoTime() >= end);
        }
        List<String> unverified = names(look(), one -> one.state().equals("unverified") && gate.verified());
        if (!unverified.isEmpty()) {
            var unused = engine.verify(unverified, StopSignal.NEVER, (name, rows) -> {});
        }
    }

    private static List<String> names(List<GateQueries.Look> all, Predicate<GateQueries.Look> which) {
        return all.stream().filter(which).map(GateQueries.Look::name).toList();
    }

    /** Looks, and ends the transaction: an open one would keep vacuum from its work for as long as this waits. */
    private List<GateQueries.Look> look() throws DatabaseException, SQLException {
        Connection connection = ((JdbcConnection) database.getConnection()).getUnderlyingConnection();
        List<GateQueries.Look> all = gate.look(connection);
        if (!connection.getAutoCommit()) {
            database.rollback();
        }
        return all;
    }

    private static void tell(List<GateQueries.Look> all) {
        tell(all.stream().map(GateQueries.Look::toString).collect(Collectors.joining(System.lineSeparator())));
    }

    private static void pause() {
        try {
            TimeUnit.NANOSECONDS.sleep(LOOK.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnexpectedLiquibaseException("interrupted while waiting for batched migrations", e);
        }
    }
}
