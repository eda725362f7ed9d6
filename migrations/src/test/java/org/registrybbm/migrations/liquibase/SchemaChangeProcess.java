package org.registrybbm.migrations.liquibase;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import liquibase.Scope;
import liquibase.UpdateSummaryEnum;
import liquibase.database.Database;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.resource.ClassLoaderResourceAccessor;
import liquibase.resource.CompositeResourceAccessor;
import liquibase.resource.DirectoryResourceAccessor;
import liquibase.resource.ResourceAccessor;
import liquibase.ui.LoggerUIService;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A process that changes the schema of a database, as {@code db migrate} does or as Liquibase alone does, and can be killed. */
public final class SchemaChangeProcess implements AutoCloseable {
    private final Process process;
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final CompletableFuture<Void> reading;

    private SchemaChangeProcess(Process process) {
        this.process = process;
        this.reading = CompletableFuture.runAsync(this::read);
    }

    /** How a process keeps others out. */
    public enum Lock {
        /** As {@code db migrate} does: our lock, before Liquibase begins. */
        OURS,
        /** Our lock, taken by Liquibase itself. */
        SERVICE,
        /** Liquibase's own lock alone. */
        STOCK
    }

    /**
     * Starts a process.
     *
     * @param changelog the path of the changelog, in the directory or on the class path
     */
    public static SchemaChangeProcess start(TestDatabase database, Path directory, String changelog, Lock lock)
            throws IOException {
        return new SchemaChangeProcess(new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Xmx256m",
                        "-Dliquibase.analytics.enabled=false",
                        "-D" + SessionLockService.PROPERTY + "=" + (lock == Lock.SERVICE),
                        "-cp",
                        System.getProperty("java.class.path"),
                        SchemaChangeProcess.class.getName(),
                        database.url() + "&ApplicationName=" + lock,
                        directory.toString(),
                        changelog,
                        lock.name())
                .redirectErrorStream(true)
                .start());
    }

    private void read() {
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            reader.lines().forEach(lines::add);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns the process. */
    public ProcessHandle handle() {
        return process.toHandle();
    }

    /** Returns what it has written. */
    public List<String> lines() {
        return List.copyOf(lines);
    }

    /** Waits until it has written such a line or is over. */
    public void awaitLine(Predicate<String> line) throws InterruptedException {
        while (process.isAlive() && lines.stream().noneMatch(line)) {
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    /** Ends it as {@code kill -9} does. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** Waits for its end and returns the exit code, 0 if the schema was changed. */
    public int await() throws InterruptedException {
        process.waitFor();
        reading.join();
        return process.exitValue();
    }

    @Override
    public void close() throws InterruptedException {
        kill();
    }

    /** The process itself. */
    public static void main(String[] args) throws Exception {
        boolean locked = Lock.valueOf(args[3]) == Lock.OURS;
        if (locked) {
            System.setProperty("liquibase.hostDescription", SchemaLock.HOST_DESCRIPTION);
        }
        try (Connection connection = DriverManager.getConnection(args[0]);
                ResourceAccessor resources = new CompositeResourceAccessor(
                        new DirectoryResourceAccessor(Path.of(args[1])), new ClassLoaderResourceAccessor())) {
            Map<String, Object> scope = Map.of(Scope.Attr.ui.name(), new LoggerUIService() {
                @Override
                public void sendMessage(String message) {
                    say(message);
                }
            });
            Scope.child(scope, () -> {
                Database database =
                        DatabaseFactory.getInstance().findCorrectDatabaseImplementation(new JdbcConnection(connection));
                if (locked) {
                    SchemaLock.take(database, Duration.ofMinutes(5), SchemaChangeProcess::say);
                }
                say("begins");
                Liquibase liquibase = new Liquibase(args[2], resources, database);
                liquibase.setShowSummary(UpdateSummaryEnum.OFF);
                liquibase.update(new Contexts(), new LabelExpression());
            });
        } catch (Exception e) {
            Stream.iterate((Throwable) e, each -> each != null, Throwable::getCause)
                    .limit(20)
                    .forEach(each -> say(String.valueOf(each.getMessage())));
            Runtime.getRuntime().halt(1);
        }
        Runtime.getRuntime().halt(0);
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
