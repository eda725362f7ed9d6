package org.registrybbm.migrations.liquibase;

import java.io.IOException;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import liquibase.Scope;
import liquibase.UpdateSummaryEnum;
import liquibase.changelog.DatabaseChangeLog;
import liquibase.database.jvm.JdbcConnection;
import liquibase.resource.DirectoryResourceAccessor;
import liquibase.ui.LoggerUIService;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A changelog of a test, in a file of its own, and what Liquibase does with it on a database. */
public final class ChangelogRun {
    private final TestDatabase database;
    private final Path directory;
    private final String file;
    private final Map<String, Object> scope = new HashMap<>();
    private final List<String> messages = new CopyOnWriteArrayList<>();
    private Consumer<String> told = message -> {};

    private ChangelogRun(TestDatabase database, Path directory, String file) {
        this.database = database;
        this.directory = directory;
        this.file = file;
    }

    /** Writes a changelog; its name says which format it has. */
    public static ChangelogRun of(TestDatabase database, Path directory, String file, String text) {
        try {
            Files.writeString(directory.resolve(file), text);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return new ChangelogRun(database, directory, file);
    }

    /** Calls this with each line that is told, before what it tells of happens. */
    public ChangelogRun telling(Consumer<String> consumer) {
        told = consumer;
        return this;
    }

    public ChangelogRun with(String name, Object value) {
        scope.put(name, value);
        return this;
    }

    /** What was told of batched migrations to the person who runs it. */
    public List<String> messages() {
        return messages("batched migration");
    }

    /** What was told that starts with these words. */
    public List<String> messages(String start) {
        return messages.stream().filter(line -> line.startsWith(start)).toList();
    }

    private interface Step {
        void run(Liquibase liquibase) throws Exception;
    }

    private void run(Step step) {
        Map<String, Object> values = new HashMap<>(scope);
        values.put(Scope.Attr.ui.name(), new LoggerUIService() {
            @Override
            public void sendMessage(String message) {
                messages.add(message);
                told.accept(message);
            }
        });
        try (Connection connection = DriverManager.getConnection(database.url())) {
            Scope.child(values, () -> {
                try (Liquibase liquibase =
                        new Liquibase(file, new DirectoryResourceAccessor(directory), new JdbcConnection(connection))) {
                    liquibase.setShowSummary(UpdateSummaryEnum.OFF);
                    step.run(liquibase);
                }
            });
        } catch (Exception e) {
            throw new IllegalStateException(all(e), e);
        }
    }

    /** What Liquibase and its causes say. */
    private static String all(Throwable thrown) {
        return Stream.iterate(thrown, Objects::nonNull, Throwable::getCause)
                .limit(20)
                .map(Throwable::getMessage)
                .filter(Objects::nonNull)
                .collect(Collectors.joining("\n"));
    }

    public void update() {
        run(liquibase -> liquibase.update(new Contexts(), new LabelExpression()));
    }

    /** Updates, and runs the migrations of small tables with an engine. */
    public void updateRunning(BatchedMigrations engine) {
        run(liquibase -> {
            SmallTables small = new SmallTables(engine, Duration.ofMinutes(1), messages::add);
            liquibase.setChangeExecListener(small);
            liquibase.update(new Contexts(), new LabelExpression());
            small.run(liquibase.getDatabase());
        });
    }

    public void rollback(int changesets) {
        run(liquibase -> liquibase.rollback(changesets, ""));
    }

    public void validate() {
        run(Liquibase::validate);
    }

    /** What the command {@code status} prints. */
    public String status() {
        StringWriter status = new StringWriter();
        run(liquibase -> liquibase.reportStatus(true, new Contexts(), new LabelExpression(), status));
        return status.toString();
    }

    public String updateSql() {
        StringWriter script = new StringWriter();
        run(liquibase -> liquibase.update(new Contexts(), (Writer) script));
        return script.toString();
    }

    public String rollbackSql(int changesets) {
        StringWriter script = new StringWriter();
        run(liquibase -> liquibase.rollback(changesets, (String) null, new Contexts(), script));
        return script.toString();
    }

    public List<Refusal> refusals(String contexts) {
        List<Refusal> refusals = new ArrayList<>();
        run(liquibase -> refusals.addAll(Preflight.refusals(liquibase, new Contexts(contexts), Integer.MAX_VALUE)));
        return refusals;
    }

    public List<String> checksums() {
        List<String> checksums = new ArrayList<>();
        run(liquibase -> {
            DatabaseChangeLog changeLog = liquibase.getDatabaseChangeLog();
            changeLog
                    .getChangeSets()
                    .forEach(each -> each.getChanges()
                            .forEach(change ->
                                    checksums.add(change.generateCheckSum().toString())));
        });
        return checksums;
    }
}
