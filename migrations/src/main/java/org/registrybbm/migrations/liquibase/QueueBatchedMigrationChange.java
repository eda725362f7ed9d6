package org.registrybbm.migrations.liquibase;

import static org.registrybbm.migrations.liquibase.base.Attribute.optional;
import static org.registrybbm.migrations.liquibase.base.Attribute.required;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import liquibase.change.ChangeMetaData;
import liquibase.change.DatabaseChange;
import liquibase.database.Database;
import liquibase.exception.ValidationErrors;
import liquibase.statement.SqlStatement;
import org.registrybbm.migrations.liquibase.base.Attribute;
import org.registrybbm.migrations.liquibase.base.AttributeType;
import org.registrybbm.migrations.liquibase.base.Attributes;
import org.registrybbm.migrations.liquibase.base.BatchedMigrationChange;

/**
 * {@code queueBatchedMigration}: queues a batched migration, unless it is there already. Over an empty table it is finished at once.
 *
 * <p>It calls the SQL function {@code queue_batched_migration}, whose parameters are the attributes. A rollback takes the migration back if
 * it has not started.
 */
@DatabaseChange(
        name = "queueBatchedMigration",
        description = "Queues a batched migration",
        priority = ChangeMetaData.PRIORITY_DEFAULT)
public final class QueueBatchedMigrationChange extends BatchedMigrationChange {
    private static final String NAME = "name";
    private static final String KEY_COLUMNS = "keyColumns";
    private static final String NULL_COLUMN = "nullColumn";
    private static final String STRATEGY = "strategy";
    private static final String FIRST_KEY = "firstKey";
    private static final String LAST_KEY = "lastKey";
    private static final AttributeType TEXT = new AttributeType.Text();
    private static final AttributeType KEY = new AttributeType.Whole(Long.MIN_VALUE, Long.MAX_VALUE);
    private static final AttributeType ROWS = new AttributeType.Whole(1, Integer.MAX_VALUE);
    private static final AttributeType YES_OR_NO = AttributeType.Word.YES_OR_NO;

    private static final List<Attribute> PASSED = List.of(
            required(NAME, TEXT),
            required("tableName", TEXT),
            required("workFunction", TEXT),
            optional("arguments", new AttributeType.Json()),
            optional(KEY_COLUMNS, TEXT),
            optional(NULL_COLUMN, TEXT),
            optional(STRATEGY, AttributeType.Word.of("byKey", "byNull", "byPredicate", "byBlocks")),
            optional(FIRST_KEY, KEY),
            optional(LAST_KEY, KEY),
            optional("batchSize", ROWS),
            optional("batchSizeFixed", YES_OR_NO),
            optional("batchSizeMin", ROWS),
            optional("batchSizeMax", ROWS),
            optional("subBatchSizeMin", ROWS),
            optional("subBatchSizeMax", ROWS),
            optional("priority", new AttributeType.Whole(Short.MIN_VALUE, Short.MAX_VALUE)),
            optional("quarantineLimit", new AttributeType.Whole(0, Integer.MAX_VALUE)),
            optional("batchJobs", new AttributeType.Whole(0, 1_000)),
            optional("rowsPerSecond", new AttributeType.Whole(1, 1_000_000_000)),
            optional("startPaused", YES_OR_NO),
            optional("runAfter", new AttributeType.Names()));

    private static final Attribute READS = optional("reads", new AttributeType.Names());
    private static final Attribute WRITES = optional("writes", new AttributeType.Names());
    private static final Attribute NEW_ROWS = optional("newRows", AttributeType.Word.of("application", "trigger"));

    private static final List<Attribute> KNOWN = Stream.concat(
                    PASSED.stream(), Stream.of(Attributes.SCHEMA, READS, WRITES, NEW_ROWS))
            .toList();

    /** For Liquibase, which sets the attributes afterwards. */
    public QueueBatchedMigrationChange() {
        super(KNOWN);
    }

    /** Returns the name of the migration; empty if it is missing. */
    public String name() {
        return attributes().get(NAME).orElse("");
    }

    /** Returns the table, as it was written; empty if it is missing. */
    public String tableName() {
        return attributes().get("tableName").orElse("");
    }

    /** Returns the name of the work function; empty if it is missing. */
    public String workFunction() {
        return attributes().get("workFunction").orElse("");
    }

    /** Returns the columns that the work function changes, as far as the changelog says it. */
    public Set<String> writes() {
        return switch (workFunction()) {
            case "copyColumn" -> argument("to");
            case "fillColumn" -> {
                Set<String> column = argument("column");
                yield column.isEmpty() ? elements(attributes().get(NULL_COLUMN)) : column;
            }
            default -> elements(attributes().get(WRITES.name()));
        };
    }

    /** Returns the columns that the work function reads, as far as the changelog says it. */
    public Set<String> reads() {
        return workFunction().equals("copyColumn")
                ? argument("from")
                : elements(attributes().get(READS.name()));
    }

    /** Returns whether the migration searches for the rows that are left, which needs a partial index. */
    public boolean searches() {
        return attributes().has(NULL_COLUMN)
                || attributes().get(STRATEGY).filter("byPredicate"::equals).isPresent();
    }

    /** Returns whether the changelog says who keeps new rows right. */
    public boolean saysWhoKeepsNewRowsRight() {
        return attributes().has(NEW_ROWS.name());
    }

    private Set<String> argument(String name) {
        return attributes()
                .get("arguments")
                .flatMap(json -> AttributeType.Json.text(json, name))
                .map(Set::of)
                .orElse(Set.of());
    }

    private static Set<String> elements(Optional<String> array) {
        return array.map(AttributeType.Names::elements).orElse(Set.of());
    }

    /** What is said for readers of the changelog only may be added later, so it is no part of the checksum. */
    @Override
    public Set<String> getSerializableFields() {
        Set<String> fields = super.getSerializableFields();
        Stream.of(READS, WRITES, NEW_ROWS).map(Attribute::name).toList().forEach(fields::remove);
        return fields;
    }

    @Override
    protected void check(ValidationErrors errors) {
        long ways =
                Stream.of(KEY_COLUMNS, NULL_COLUMN).filter(attributes()::has).count();
        String strategy = attributes().get(STRATEGY).orElse("");
        boolean byRows = strategy.equals("byPredicate") || strategy.equals("byBlocks");
        if (ways + (byRows ? 1 : 0) != 1
                || strategy.equals("byKey") && !attributes().has(KEY_COLUMNS)
                || strategy.equals("byNull") && !attributes().has(NULL_COLUMN)) {
            error(
                    errors,
                    "it needs one way to cut its table: keyColumns, nullColumn, or strategy byPredicate or byBlocks");
        }
        if (!attributes().has(KEY_COLUMNS) && Stream.of(FIRST_KEY, LAST_KEY).anyMatch(attributes()::has)) {
            error(errors, "firstKey and lastKey need keyColumns");
        }
    }

    @Override
    public SqlStatement[] generateStatements(Database database) {
        return sql(attributes().call("queue_batched_migration", PASSED));
    }

    @Override
    public SqlStatement[] generateRollbackStatements(Database database) {
        return sql(attributes().call("unqueue_batched_migration", PASSED.subList(0, 1)));
    }

    @Override
    public String getConfirmationMessage() {
        return "batched migration '" + name() + "' queued";
    }
}
