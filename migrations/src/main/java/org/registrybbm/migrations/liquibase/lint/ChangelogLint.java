package org.registrybbm.migrations.liquibase.lint;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import liquibase.Scope;
import liquibase.change.AbstractSQLChange;
import liquibase.change.Change;
import liquibase.change.core.CreateIndexChange;
import liquibase.change.core.TagDatabaseChange;
import liquibase.changelog.ChangeLogParameters;
import liquibase.changelog.ChangeSet;
import liquibase.changelog.DatabaseChangeLog;
import liquibase.exception.LiquibaseException;
import liquibase.parser.ChangeLogParserFactory;
import liquibase.precondition.Precondition;
import liquibase.precondition.PreconditionLogic;
import liquibase.resource.ClassLoaderResourceAccessor;
import liquibase.resource.ResourceAccessor;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.tables.NearestNames;
import org.registrybbm.migrations.liquibase.BatchedMigrationFinishedPrecondition;
import org.registrybbm.migrations.liquibase.QueueBatchedMigrationChange;
import org.registrybbm.migrations.liquibase.RequireBatchedMigrationChange;
import org.registrybbm.migrations.liquibase.SetNotNullAfterChange;
import org.registrybbm.migrations.liquibase.SqlGates;
import org.registrybbm.migrations.liquibase.conversion.AddColumnConversionChange;
import org.registrybbm.migrations.liquibase.conversion.FinishColumnConversionChange;
import org.registrybbm.migrations.work.WorkRegistry;

/**
 * Reads a changelog from its first changeset to its last and tells what breaks a {@link Rule}. It needs no database.
 *
 * <p>To ignore a rule in one changeset, write {@code bbm-lint:ignore <rule> <reason>} into its comment.
 */
public final class ChangelogLint {
    private static final Pattern IGNORED = Pattern.compile("bbm-lint:ignore\\s+([a-z-]+)\\s+\\S");
    private static final Pattern TRIGGER = Pattern.compile(
            "create\\s+(?:or\\s+replace\\s+)?(?:constraint\\s+)?trigger\\b[^;]*?\\bon\\s+([\\w.\"$]+)",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern CONCURRENTLY =
            Pattern.compile("\\bindex\\s+concurrently\\b", Pattern.CASE_INSENSITIVE);
    private static final Pattern INDEX = Pattern.compile(
            "create\\s+(?:unique\\s+)?index\\s+(?:concurrently\\s+)?(?:if\\s+not\\s+exists\\s+)?(?:[\\w\"$]+\\s+)?on\\s+(?:only\\s+)?"
                    + "([\\w.\"$]+)\\s*(?:using\\s+\\w+\\s*)?\\(([^;]*)",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern QUOTED = Pattern.compile("'(?:[^']|'')*'");
    private static final Pattern WORD = Pattern.compile("[\\w$]+");

    private final @Nullable WorkRegistry work;
    private final Map<String, Queued> queued = new LinkedHashMap<>();
    private final Map<String, Integer> tagsBefore = new HashMap<>();
    private final Set<String> known;
    private final Set<String> gated = new HashSet<>();
    private final List<TableName> triggers = new ArrayList<>();
    private final List<Finding> findings = new ArrayList<>();
    private int tags;

    /** A migration that a changeset queued. */
    private record Queued(QueueBatchedMigrationChange change, TableName table) {
        Set<String> columns() {
            return Stream.concat(change.reads().stream(), change.writes().stream())
                    .collect(Collectors.toSet());
        }
    }

    private ChangelogLint(Set<String> queuedElsewhere, @Nullable WorkRegistry work) {
        this.work = work;
        this.known = new HashSet<>(queuedElsewhere);
    }

    /**
     * Reads a changelog from the class path, as a test of an application does.
     *
     * @param path where the changelog is
     * @param queuedElsewhere names of migrations that are queued by something else, such as another changelog or code
     * @param work the application's work functions, or null to leave out the rule that needs them
     * @return what breaks a rule, in the order of the changesets
     * @throws LiquibaseException when Liquibase cannot parse the changelog
     */
    public static List<Finding> check(String path, Set<String> queuedElsewhere, @Nullable WorkRegistry work)
            throws LiquibaseException {
        return check(path, new ClassLoaderResourceAccessor(), queuedElsewhere, work);
    }

    /**
     * Reads a changelog from where Liquibase would read it.
     *
     * @param path where the changelog is
     * @param resources where Liquibase finds its files
     * @param queuedElsewhere names of migrations that are queued by something else, such as another changelog or code
     * @param work the application's work functions, or null to leave out the rule that needs them
     * @return what breaks a rule, in the order of the changesets
     * @throws LiquibaseException when Liquibase cannot parse the changelog
     */
    public static List<Finding> check(
            String path, ResourceAccessor resources, Set<String> queuedElsewhere, @Nullable WorkRegistry work)
            throws LiquibaseException {
        return within(path, resources, () -> check(parsed(path, resources), queuedElsewhere, work));
    }

    /**
     * Parses a changelog.
     *
     * @param path where the changelog is
     * @param resources where Liquibase finds its files
     * @throws LiquibaseException when Liquibase cannot parse the changelog
     */
    public static DatabaseChangeLog parse(String path, ResourceAccessor resources) throws LiquibaseException {
        return within(path, resources, () -> parsed(path, resources));
    }

    private static DatabaseChangeLog parsed(String path, ResourceAccessor resources) throws LiquibaseException {
        return ChangeLogParserFactory.getInstance()
                .getParser(path, resources)
                .parse(path, new ChangeLogParameters(), resources);
    }

    private static <T> T within(String path, ResourceAccessor resources, Scope.ScopedRunnerWithReturn<T> work)
            throws LiquibaseException {
        try {
            return Scope.child(Map.of(Scope.Attr.resourceAccessor.name(), resources), work);
        } catch (LiquibaseException e) {
            throw e;
        } catch (Exception e) {
            throw new LiquibaseException("could not read the changelog " + path, e);
        }
    }

    /**
     * Reads a changelog.
     *
     * @param changeLog the changelog, as Liquibase parses it
     * @param queuedElsewhere names of migrations that are queued by something else, such as another changelog or code
     * @param work the application's work functions, or null to leave out the rule that needs them
     * @return what breaks a rule, in the order of the changesets
     */
    public static List<Finding> check(
            DatabaseChangeLog changeLog, Set<String> queuedElsewhere, @Nullable WorkRegistry work) {
        ChangelogLint lint = new ChangelogLint(queuedElsewhere, work);
        lint.findings.addAll(RawNodes.check(changeLog));
        // A trigger may come before or after the migration in the same release.
        changeLog.getChangeSets().forEach(lint::findTriggers);
        changeLog.getChangeSets().forEach(lint::look);
        return List.copyOf(lint.findings);
    }

    private void findTriggers(ChangeSet changeSet) {
        sql(changeSet)
                .flatMap(text -> TRIGGER.matcher(text).results())
                .map(found -> TableName.parse(found.group(1)))
                .forEach(triggers::add);
    }

    private static Stream<String> sql(ChangeSet changeSet) {
        return changeSet.getChanges().stream().flatMap(change -> sql(change).stream());
    }

    private static Optional<String> sql(Change change) {
        return change instanceof AbstractSQLChange sql && sql.getSql() != null
                ? Optional.of(SqlGates.plain(sql.getSql()))
                : Optional.empty();
    }

    private void look(ChangeSet changeSet) {
        if (changeSet.getPreconditions() != null) {
            finished(changeSet.getPreconditions()).forEach(gate -> {
                gate.lostBy(changeSet.getPreconditions())
                        .ifPresent(why -> add(
                                changeSet,
                                Rule.GATE_SOFT,
                                "the gate can be lost by " + why + "; use the change requireBatchedMigration"));
                gate(changeSet, gate.names());
            });
        }
        for (Change change : changeSet.getChanges()) {
            look(changeSet, change);
        }
        concurrent(changeSet);
        lockTimeout(changeSet);
    }

    private void look(ChangeSet changeSet, Change change) {
        if (change instanceof TagDatabaseChange) {
            tags++;
        } else if (change instanceof QueueBatchedMigrationChange queue) {
            queue(changeSet, queue);
        } else if (change instanceof RequireBatchedMigrationChange require) {
            gate(changeSet, require.names());
        } else if (change instanceof SetNotNullAfterChange after) {
            gate(changeSet, after.names());
        } else if (change instanceof AddColumnConversionChange conversion) {
            // The migration that fills the twin of the column itself has its name.
            known.add(conversion.name());
            tagsBefore.put(conversion.name(), tags);
        } else if (change instanceof FinishColumnConversionChange conversion) {
            gate(changeSet, Set.of(conversion.name()));
        }
        sql(change).ifPresent(text -> {
            known.addAll(SqlGates.queued(text));
            gate(changeSet, SqlGates.required(text));
        });
        Touch.of(change).forEach(touch -> missing(changeSet, touch));
        index(changeSet, change);
    }

    private static Stream<BatchedMigrationFinishedPrecondition> finished(PreconditionLogic logic) {
        return logic.getNestedPreconditions().stream().flatMap((Precondition nested) -> {
            if (nested instanceof BatchedMigrationFinishedPrecondition gate) {
                return Stream.of(gate);
            }
            return nested instanceof PreconditionLogic inner ? finished(inner) : Stream.of();
        });
    }

    private void queue(ChangeSet changeSet, QueueBatchedMigrationChange queue) {
        known.add(queue.name());
        Queued added = new Queued(queue, TableName.parse(queue.tableName()));
        tagsBefore.put(queue.name(), tags);
        queued.put(queue.name(), added);
        if (work != null && !work.signatures().contains(queue.workFunction())) {
            add(
                    changeSet,
                    Rule.FUNCTION_UNREGISTERED,
                    "no work function '" + queue.workFunction() + "' is registered; nearest: "
                            + String.join(", ", NearestNames.to(queue.workFunction(), List.copyOf(work.signatures()))));
        }
        boolean kept = queue.saysWhoKeepsNewRowsRight() || triggers.stream().anyMatch(added.table()::mayBe);
        if (queue.workFunction().equals("copyColumn") && !kept) {
            add(
                    changeSet,
                    Rule.SYNC_MISSING,
                    "rows that are inserted or updated while '" + queue.name()
                            + "' runs keep the old value only; create a trigger on " + added.table()
                            + ", or write both columns in the application and say newRows: application");
        }
    }

    private void gate(ChangeSet changeSet, Set<String> names) {
        for (String name : names) {
            gated.add(name);
            if (!known.contains(name)) {
                String nearest = String.join(", ", NearestNames.to(name, List.copyOf(known)));
                add(
                        changeSet,
                        Rule.GATE_UNKNOWN_NAME,
                        "no changeset before this one queues or adds '" + name + "'"
                                + (nearest.isEmpty() ? "" : "; nearest: " + nearest));
            }
            if (Objects.equals(tagsBefore.get(name), tags)) {
                add(
                        changeSet,
                        Rule.GATE_SAME_RELEASE,
                        "no tagDatabase stands between '" + name
                                + "' and this gate; if both are deployed at once, the deployment waits for the migration");
            }
        }
    }

    private void missing(ChangeSet changeSet, Touch touch) {
        queued.forEach((name, migration) -> {
            if (!gated.contains(name) && touch.concerns(migration.table(), migration.columns())) {
                add(
                        changeSet,
                        Rule.GATE_MISSING,
                        touch.certain(),
                        touch.what() + " relies on a column of " + migration.table() + " that '" + name
                                + "' works on; put requireBatchedMigration: {names: " + name + "} before it");
            }
        });
    }

    private void index(ChangeSet changeSet, Change change) {
        if (change instanceof CreateIndexChange index && index.getColumns() != null) {
            Set<String> columns = index.getColumns().stream()
                    .map(column -> lower(String.valueOf(column.getName())))
                    .collect(Collectors.toSet());
            index(changeSet, TableName.of(index.getSchemaName(), index.getTableName()), columns);
        }
        sql(change)
                .ifPresent(text -> INDEX.matcher(text).results().forEach(found -> {
                    Set<String> words = WORD.matcher(found.group(2))
                            .results()
                            .map(word -> lower(word.group()))
                            .collect(Collectors.toSet());
                    index(changeSet, TableName.parse(found.group(1)), words);
                }));
    }

    private void index(ChangeSet changeSet, TableName table, Set<String> columns) {
        queued.forEach((name, migration) -> {
            boolean filled = migration.change().writes().stream()
                    .map(ChangelogLint::lower)
                    .anyMatch(columns::contains);
            if (filled && !gated.contains(name) && table.mayBe(migration.table())) {
                add(
                        changeSet,
                        Rule.INDEX_BEFORE_COPY,
                        "the index has a column that '" + name
                                + "' fills; created after a gate on it, each changed row costs less");
            }
        });
    }

    private void concurrent(ChangeSet changeSet) {
        // What a function writes in quotes, it does not run here.
        sql(changeSet)
                .map(text -> QUOTED.matcher(text).replaceAll("''"))
                .filter(text -> CONCURRENTLY.matcher(text).find())
                .forEach(text -> {
                    if (changeSet.isRunInTransaction()) {
                        add(
                                changeSet,
                                Rule.CONCURRENTLY,
                                "CONCURRENTLY does not run in a transaction; say runInTransaction: false");
                    }
                    // Whoever looks for invalid indexes first may rely on the name.
                    if (!text.contains("indisvalid")
                            && text.toLowerCase(Locale.ROOT)
                                    .replaceAll("\\s+", " ")
                                    .contains("index concurrently if not exists")) {
                        add(
                                changeSet,
                                Rule.CONCURRENTLY,
                                "IF NOT EXISTS takes an INVALID index that a broken run left for the real one;"
                                        + " drop it first with DROP INDEX CONCURRENTLY IF EXISTS, in a change of its own");
                    }
                    if (text.strip().replaceAll(";\\s*$", "").contains(";")
                            && changeSet.getChanges().stream().anyMatch(ChangelogLint::isUnsplit)) {
                        add(
                                changeSet,
                                Rule.CONCURRENTLY,
                                "several statements that are sent at once are a transaction; let Liquibase"
                                        + " split them, or give each one a change of its own");
                    }
                });
    }

    private static boolean isUnsplit(Change change) {
        return change instanceof AbstractSQLChange sql && !sql.isSplitStatements();
    }

    private void lockTimeout(ChangeSet changeSet) {
        boolean limited =
                sql(changeSet).anyMatch(text -> text.toLowerCase(Locale.ROOT).contains("lock_timeout"));
        if (limited) {
            return;
        }
        changeSet.getChanges().stream()
                .flatMap(Touch::of)
                .flatMap(touch -> queued.values().stream()
                        .map(Queued::table)
                        .filter(touch.table()::mayBe)
                        .map(TableName::toString))
                .distinct()
                .forEach(table -> add(
                        changeSet,
                        Rule.LOCK_TIMEOUT_MISSING,
                        "while this change waits for " + table
                                + ", every statement on it waits behind; add SET LOCAL lock_timeout = '2s' before it"));
    }

    private static String lower(String name) {
        return name.toLowerCase(Locale.ROOT);
    }

    private void add(ChangeSet changeSet, Rule rule, String message) {
        add(changeSet, rule, rule.isError(), message);
    }

    private void add(ChangeSet changeSet, Rule rule, boolean error, String message) {
        if (!isIgnored(changeSet, rule)) {
            findings.add(Finding.of(changeSet, rule, error, message));
        }
    }

    static boolean isIgnored(ChangeSet changeSet, Rule rule) {
        return changeSet.getComments() != null
                && IGNORED.matcher(changeSet.getComments())
                        .results()
                        .anyMatch(found -> found.group(1).equals(rule.id()));
    }
}
