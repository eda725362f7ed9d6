package org.registrybbm.migrations.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A batched migration to queue from code, as the contract's plain {@code INSERT} would.
 *
 * <pre>{@code
 * NewBatchedMigration.named("widen_user_ids")
 *         .work("copyColumn", Map.of("from", "legacy_id", "to", "legacy_id_bigint"))
 *         .table("public.users")
 *         .byKey("id")
 *         .build();
 * }</pre>
 *
 * @param name unique name
 * @param definition what it does, and to which table; it is checked against the database when it is planned first
 * @param bounds which keys it covers
 * @param sizing how many rows its batches have
 * @param options what operators may change later
 */
public record NewBatchedMigration(
        String name, MigrationDefinition definition, KeyBounds bounds, BatchSizing sizing, Options options) {

    /**
     * What operators may change later, by commands and by SQL.
     *
     * @param paused whether it waits for somebody to start it
     * @param priority higher ones are served first, -32768 to 32767
     * @param quarantineLimit how many rows may wait in quarantine before it fails at once, 0 or more
     * @param batchJobs how many of its batch jobs may run at once on all replicas together, 0 to 1000, or null for the default
     * @param rowsPerSecond how many rows its batch jobs may cover in a second, 1 to 1,000,000,000, or null for the default
     */
    public record Options(
            boolean paused,
            int priority,
            int quarantineLimit,
            @Nullable Integer batchJobs,
            @Nullable Integer rowsPerSecond) {
        /** Active at once, priority 0, 100 rows in quarantine, and no budget of its own. */
        public static final Options DEFAULT = new Options(false, 0, 100, null, null);
    }

    /** Returns a copy whose batches have other sizes. */
    public NewBatchedMigration withSizing(BatchSizing other) {
        return new NewBatchedMigration(name, definition, bounds, other, options);
    }

    /**
     * Starts to describe a migration.
     *
     * @param name unique, not blank; people pause and start it by this name
     */
    public static Builder named(String name) {
        return new Builder(name);
    }

    /** Collects what a migration needs: its work, its table and how the table is cut. Everything else has a default. */
    public static final class Builder {
        private static final ObjectMapper MAPPER = new ObjectMapper();
        private static final int MOST_BATCH_JOBS = 1000;
        private static final int MOST_ROWS_PER_SECOND = 1_000_000_000;

        // PostgreSQL's name for where a row lies: strategies without a key look at no column.
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

        private Builder(String name) {
            this.name = text("name", name);
        }

        /**
         * Sets the work, which takes no arguments.
         *
         * @param signature the name of a work function
         */
        public Builder work(String signature) {
            this.signature = text("work", signature);
            this.arguments = null;
            return this;
        }

        /**
         * Sets the work and its arguments.
         *
         * @param signature the name of a work function
         * @param arguments texts, numbers, booleans, and lists and maps of them
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
         * Sets the work and its arguments.
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
         * @param table {@code <schema>.<table>}, quoted as in SQL where it must be: {@code public."Weird ""Name"}; of a partitioned
         *     table the parent
         */
        public Builder table(String table) {
            this.table = text("table", table);
            return this;
        }

        /**
         * Cuts the table into ranges of a key: the columns a btree index begins with, in their order.
         *
         * @param columns one or more, quoted as in SQL where they must be
         */
        public Builder byKey(String... columns) {
            return by(Strategy.KEYS, String.join(", ", columns));
        }

        /**
         * Cuts the table into ranges of a key that is one integer, and leaves out the rows beyond two keys.
         *
         * @param column the key
         * @param first the first key, inclusive
         * @param last the last key, inclusive
         * @throws IllegalArgumentException when there is no key between them
         */
        public Builder byKeyBetween(String column, long first, long last) {
            if (first > last) {
                throw new IllegalArgumentException(
                        "the bounds of '" + name + "' are " + first + " to " + last + "; the first key comes first");
            }
            byKey(column);
            this.bounds = new KeyBounds(first, last);
            return this;
        }

        /**
         * Takes the rows whose column is NULL, until there is none. Needs a partial index {@code WHERE <column> IS NULL}.
         *
         * @param column quoted as in SQL where it must be
         */
        public Builder byNull(String column) {
            return by(Strategy.NULLS, column);
        }

        /** Takes the rows that the work function calls pending, until there is none. Needs an index that finds them. */
        public Builder byPredicate() {
            return by(Strategy.PREDICATE, NO_COLUMN);
        }

        /** Cuts the table into ranges of its blocks. Needs no index, but a work function that says which rows are pending. */
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
         * Sets the rows of the first batch, after which sizes adapt to how long batches take; 10,000 by default.
         *
         * @param rows at least 1
         */
        public Builder batchSize(int rows) {
            this.batchSize = range("batch size", rows, 1, Integer.MAX_VALUE);
            this.fixed = false;
            return this;
        }

        /**
         * Gives every batch the same number of rows, however long it takes.
         *
         * @param rows at least 1
         */
        public Builder fixedBatchSize(int rows) {
            batchSize(rows);
            this.fixed = true;
            return this;
        }

        /**
         * Bounds the rows of a batch.
         *
         * @param least at least 1
         * @param most at least {@code least}
         */
        public Builder batchSizes(int least, int most) {
            this.batches = bounds("batch sizes", least, most);
            return this;
        }

        /**
         * Bounds the rows of a sub-batch, which is one transaction.
         *
         * @param least at least 1
         * @param most at least {@code least}
         */
        public Builder subBatchSizes(int least, int most) {
            this.subBatches = bounds("sub-batch sizes", least, most);
            return this;
        }

        /**
         * Sets its priority, 0 by default: free batch jobs go to the migrations of the highest priority that can use them.
         *
         * @param priority -32768 to 32767
         */
        public Builder priority(int priority) {
            this.priority = range("priority", priority, Short.MIN_VALUE, Short.MAX_VALUE);
            return this;
        }

        /**
         * Sets how many rows may be unfit before it fails at once, 100 by default.
         *
         * @param rows 0 or more
         */
        public Builder quarantineLimit(int rows) {
            this.quarantineLimit = range("quarantine limit", rows, 0, Integer.MAX_VALUE);
            return this;
        }

        /**
         * Sets how many of its batch jobs may run at once, on all replicas together.
         *
         * @param limit 1 to 1000
         */
        public Builder batchJobsAtOnce(int limit) {
            this.batchJobs = range("batch jobs at once", limit, 1, MOST_BATCH_JOBS);
            return this;
        }

        /**
         * Sets how many rows its batch jobs may cover in a second, on all replicas together.
         *
         * @param limit 1 to 1,000,000,000
         */
        public Builder rowsPerSecond(int limit) {
            this.rowsPerSecond = range("rows per second", limit, 1, MOST_ROWS_PER_SECOND);
            return this;
        }

        /** Queues it paused: nothing is changed until somebody starts it. */
        public Builder paused() {
            this.paused = true;
            return this;
        }

        /**
         * Returns the migration.
         *
         * @throws IllegalStateException when its work, its table or how it is cut is missing
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
                    new Options(paused, priority, quarantineLimit, batchJobs, rowsPerSecond));
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
