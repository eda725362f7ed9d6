package org.registrybbm.migrations.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A batched migration that is to be queued from code. A plain {@code INSERT} into {@code batched_background_migrations} does the same.
 *
 * <pre>{@code
 * NewBatchedMigration.named("widen_user_ids")
 *         .work("copyColumn", Map.of("from", "legacy_id", "to", "legacy_id_bigint"))
 *         .table("public.users")
 *         .byKey("id")
 *         .build();
 * }</pre>
 *
 * @param name the unique name by which people call it
 * @param definition what it does, and to which table; it is checked against the database when the migration is planned for the first time
 * @param bounds which keys it covers
 * @param sizing how many rows its batches and sub-batches may have
 * @param options what operators may change later
 */
public record NewBatchedMigration(
        String name, MigrationDefinition definition, KeyBounds bounds, BatchSizing sizing, Options options) {

    /**
     * What operators may change later, by commands and by SQL.
     *
     * @param paused whether it waits until somebody starts it
     * @param priority its priority, -32768 to 32767; migrations of a higher priority are served first
     * @param quarantineLimit how many rows may be in quarantine at once, 0 or more; with one more, the migration fails
     * @param limits its own budget
     * @param runAfter the names of the migrations that must be finished before it starts
     */
    public record Options(boolean paused, int priority, int quarantineLimit, Limits limits, List<String> runAfter) {
        /** Active at once, priority 0, at most 100 rows in quarantine, no budget of its own, and after no other. */
        public static final Options DEFAULT = new Options(false, 0, 100, Limits.NONE, List.of());
    }

    /**
     * How much of a migration may run at once on all replicas together.
     *
     * @param batchJobs how many of its batch jobs may run at once, 0 to 1000, or null for the default budget
     * @param rowsPerSecond how many rows its batch jobs may cover per second, 1 to 1,000,000,000, or null for the default budget
     */
    public record Limits(
            @Nullable Integer batchJobs, @Nullable Integer rowsPerSecond) {
        /** The default budget. */
        public static final Limits NONE = new Limits(null, null);
    }

    /** Returns a copy whose batches have other sizes. */
    public NewBatchedMigration withSizing(BatchSizing other) {
        return new NewBatchedMigration(name, definition, bounds, other, options);
    }

    /**
     * Returns a builder for a migration.
     *
     * @param name the unique name by which people call it, not blank
     */
    public static Builder named(String name) {
        return new Builder(name);
    }

    /** Collects what a migration needs: its work, its table, and how the table is cut. Everything else has a default. */
    public static final class Builder {
        private static final ObjectMapper MAPPER = new ObjectMapper();
        private static final int MOST_BATCH_JOBS = 1000;
        private static final int MOST_ROWS_PER_SECOND = 1_000_000_000;

        // The column may not be empty, and strategies without a key use no column. ctid exists in every table.
        private static final String NO_COLUMN = "ctid";

        private final String name;
        private @Nullable String signature;
        private @Nullable String arguments;
        private @Nullable String table;
        private @Nullable String column;
        private Strategy strategy = Strategy.KEYS;
        private KeyBounds bounds = KeyBounds.NONE;
        private int batchSize = BatchSizing.DEFAULT.first();
        private boolean fixed;
        private BatchSizing.Bounds batches = BatchSizing.Bounds.NONE;
        private BatchSizing.Bounds subBatches = BatchSizing.Bounds.NONE;
        private boolean paused;
        private int priority = Options.DEFAULT.priority();
        private int quarantineLimit = Options.DEFAULT.quarantineLimit();
        private @Nullable Integer batchJobs;
        private @Nullable Integer rowsPerSecond;
        private List<String> runAfter = List.of();

        private Builder(String name) {
            this.name = text("name", name);
        }

        /**
         * Sets the work function, without arguments.
         *
         * @param signature the name of a work function
         */
        public Builder work(String signature) {
            this.signature = text("work", signature);
            this.arguments = null;
            return this;
        }

        /**
         * Sets the work function and its arguments.
         *
         * @param signature the name of a work function
         * @param arguments strings, numbers, booleans, and lists and maps of them
         * @throws IllegalArgumentException when an argument is anything else
         */
        public Builder work(String signature, Map<String, ?> arguments) {
            try {
                return work(signature, MAPPER.writeValueAsString(arguments));
            } catch (JsonProcessingException e) {
                throw new IllegalArgumentException(
                        "the arguments of '" + name + "' cannot be written as JSON: " + e.getOriginalMessage(), e);
            }
        }

        /**
         * Sets the work function and its arguments.
         *
         * @param signature the name of a work function
         * @param json a JSON object, as the column {@code arguments} holds it
         */
        public Builder work(String signature, String json) {
            work(signature);
            this.arguments = json;
            return this;
        }

        /**
         * Sets the table.
         *
         * @param table {@code <schema>.<table>}, quoted as in SQL if necessary: {@code public."Weird ""Name"}. For a partitioned table,
         *     name the parent
         */
        public Builder table(String table) {
            this.table = text("table", table);
            return this;
        }

        /**
         * Cuts the table into ranges of a key. A B-tree index must begin with the columns of the key, in their order.
         *
         * @param columns the columns of the key, one or more, quoted as in SQL if necessary
         */
        public Builder byKey(String... columns) {
            return by(Strategy.KEYS, String.join(", ", columns));
        }

        /**
         * Cuts the table into ranges of a key that is one integer, and covers only the rows between two keys.
         *
         * @param column the column of the key, quoted as in SQL if necessary
         * @param first the first key, inclusive
         * @param last the last key, inclusive
         * @throws IllegalArgumentException when the first key is greater than the last
         */
        public Builder byKeyBetween(String column, long first, long last) {
            if (first > last) {
                throw new IllegalArgumentException("the bounds of '" + name + "' are " + first + " to " + last
                        + "; the first key must not be greater than the last");
            }
            byKey(column);
            this.bounds = new KeyBounds(first, last);
            return this;
        }

        /**
         * Takes rows in which a column is NULL, until there are none left. This needs a partial index {@code WHERE <column> IS NULL}.
         *
         * @param column the column, quoted as in SQL if necessary
         */
        public Builder byNull(String column) {
            return by(Strategy.NULLS, column);
        }

        /** Takes rows that the work function calls pending, until there are none left. This needs an index that finds them. */
        public Builder byPredicate() {
            return by(Strategy.PREDICATE, NO_COLUMN);
        }

        /** Cuts the table into ranges of its blocks. This needs no index, but the work function must say which rows are pending. */
        public Builder byBlocks() {
            return by(Strategy.BLOCKS, NO_COLUMN);
        }

        private Builder by(Strategy other, String name) {
            this.strategy = other;
            this.bounds = other == Strategy.KEYS ? KeyBounds.ALL : KeyBounds.NONE;
            this.column = text("column", name);
            return this;
        }

        /**
         * Sets the number of rows of the first batch, 10,000 by default. Later sizes adapt to how long batch jobs take.
         *
         * @param rows at least 1
         */
        public Builder batchSize(int rows) {
            this.batchSize = range("batch size", rows, 1, Integer.MAX_VALUE);
            this.fixed = false;
            return this;
        }

        /**
         * Gives every batch the same number of rows, however long its batch job takes.
         *
         * @param rows at least 1
         */
        public Builder fixedBatchSize(int rows) {
            batchSize(rows);
            this.fixed = true;
            return this;
        }

        /**
         * Sets the smallest and the greatest number of rows of a batch.
         *
         * @param least the smallest number, at least 1
         * @param most the greatest number, at least {@code least}
         */
        public Builder batchSizes(int least, int most) {
            this.batches = bounds("batch sizes", least, most);
            return this;
        }

        /**
         * Sets the smallest and the greatest number of rows of a sub-batch, which is one transaction.
         *
         * @param least the smallest number, at least 1
         * @param most the greatest number, at least {@code least}
         */
        public Builder subBatchSizes(int least, int most) {
            this.subBatches = bounds("sub-batch sizes", least, most);
            return this;
        }

        /**
         * Sets its priority, 0 by default. A free batch job goes to the migration with the highest priority that can use it.
         *
         * @param priority -32768 to 32767
         */
        public Builder priority(int priority) {
            this.priority = range("priority", priority, Short.MIN_VALUE, Short.MAX_VALUE);
            return this;
        }

        /**
         * Sets how many rows may be in quarantine at once, 100 by default. With one more, the migration fails.
         *
         * @param rows 0 or more
         */
        public Builder quarantineLimit(int rows) {
            this.quarantineLimit = range("quarantine limit", rows, 0, Integer.MAX_VALUE);
            return this;
        }

        /**
         * Sets how many of its batch jobs may run at once on all replicas together.
         *
         * @param limit 1 to 1000
         */
        public Builder batchJobsAtOnce(int limit) {
            this.batchJobs = range("batch jobs at once", limit, 1, MOST_BATCH_JOBS);
            return this;
        }

        /**
         * Sets how many rows its batch jobs may cover per second on all replicas together.
         *
         * @param limit 1 to 1,000,000,000
         */
        public Builder rowsPerSecond(int limit) {
            this.rowsPerSecond = range("rows per second", limit, 1, MOST_ROWS_PER_SECOND);
            return this;
        }

        /**
         * Has it wait until other migrations are finished. They must be queued already.
         *
         * @param names their names
         */
        public Builder runAfter(String... names) {
            this.runAfter = List.of(names);
            return this;
        }

        /** Has it queued as paused: no row is changed until somebody starts it. */
        public Builder paused() {
            this.paused = true;
            return this;
        }

        /**
         * Returns the migration.
         *
         * @throws IllegalStateException when the work function, the table or the way to cut it is missing
         */
        public NewBatchedMigration build() {
            MigrationDefinition definition = new MigrationDefinition(
                    required(
                            signature,
                            "work: add .work(\"copyColumn\", Map.of(...)) or the name of a function of yours"),
                    arguments,
                    required(table, "table: add .table(\"public.users\")"),
                    required(column, "way to cut its table: add .byKey(\"id\"), byNull, byPredicate or byBlocks"),
                    strategy.stored());
            return new NewBatchedMigration(
                    name,
                    definition,
                    bounds,
                    new BatchSizing(batchSize, fixed, batches, subBatches),
                    new Options(paused, priority, quarantineLimit, new Limits(batchJobs, rowsPerSecond), runAfter));
        }

        private String required(@Nullable String value, String what) {
            if (value == null) {
                throw new IllegalStateException("the batched migration '" + name + "' has no " + what);
            }
            return value;
        }

        private String text(String what, String value) {
            if (value.isBlank()) {
                throw new IllegalArgumentException("the " + what + " of a batched migration is blank");
            }
            return value;
        }

        private int range(String what, int value, int min, int max) {
            if (value < min || value > max) {
                throw new IllegalArgumentException(
                        "%s of '%s' is %d, allowed is %d to %d".formatted(what, name, value, min, max));
            }
            return value;
        }

        private BatchSizing.Bounds bounds(String what, int least, int most) {
            return new BatchSizing.Bounds(range(what, least, 1, most), range(what, most, least, Integer.MAX_VALUE));
        }
    }
}
