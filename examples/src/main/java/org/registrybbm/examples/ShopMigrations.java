package org.registrybbm.examples;

import java.util.Map;
import org.registrybbm.migrations.model.NewBatchedMigration;

/**
 * Describes ten migrations of a shop, with shipped work functions and its own ones. Together they use every batching strategy, arguments,
 * bounds and limits.
 */
public final class ShopMigrations {
    private ShopMigrations() {}

    // snippet: widen-a-column
    /** Copies an integer column to its wider successor. */
    public static NewBatchedMigration widenLegacyIds() {
        return NewBatchedMigration.named("widen_legacy_ids")
                .work("copyColumn", Map.of("from", "legacy_id", "to", "legacy_id_bigint"))
                .table("shop.users")
                .byKey("id")
                .build();
    }
    // end

    /** Reads times without a time zone in the time zone that they were meant in. */
    public static NewBatchedMigration readVisitTimes() {
        return NewBatchedMigration.named("read_visit_times")
                .work("copyColumn", Map.of("from", "seen_local", "to", "seen_at", "timeZone", "Europe/Berlin"))
                .table("shop.visits")
                .byKey("id")
                .build();
    }

    // snippet: fill-where-null
    /** Gives a default to the rows that have none yet. */
    public static NewBatchedMigration fillCountries() {
        return NewBatchedMigration.named("fill_countries")
                .work("fillColumn", Map.of("value", "de"))
                .table("shop.users")
                .byNull("country")
                .build();
    }
    // end

    /** Numbers the rows of a table that never had a key. */
    public static NewBatchedMigration numberLogLines() {
        return NewBatchedMigration.named("number_log_lines")
                .work("fillColumn", Map.of("column", "id", "sequence", "shop.log_lines_id_seq"))
                .table("shop.log_lines")
                .byBlocks()
                .build();
    }

    // snippet: few-rows-of-many
    /** Touches the few rows that are wrong, which a partial index finds. */
    public static NewBatchedMigration lowerCaseEmails() {
        return NewBatchedMigration.named("lower_case_emails")
                .work("lowerCaseEmails")
                .table("shop.users")
                .byPredicate()
                .build();
    }
    // end

    /** Moves the two words of a name into a JSON document. */
    public static NewBatchedMigration splitNames() {
        return NewBatchedMigration.named("split_names")
                .work("splitNames")
                .table("shop.users")
                .byKey("id")
                .priority(5)
                .build();
    }

    // snippet: bounds-and-limits
    /** Doubles the points of the users 1 to 250. The work must run exactly once for each row; a rate limits its speed. */
    public static NewBatchedMigration doublePoints() {
        return NewBatchedMigration.named("double_points")
                .work("doublePoints")
                .table("shop.users")
                .byKeyBetween("id", 1, 250)
                .rowsPerSecond(100_000)
                .batchJobsAtOnce(1)
                .build();
    }
    // end

    /** Deletes old visits. */
    public static NewBatchedMigration forgetVisits() {
        return NewBatchedMigration.named("forget_visits")
                .work("forgetVisits", Map.of("before", "2026-01-01T00:00:00Z"))
                .table("shop.visits")
                .byKey("id")
                .build();
    }

    // snippet: partitions-and-several-columns
    /** Moves rows out of a partitioned table, whose key has two columns. */
    public static NewBatchedMigration archiveOrders() {
        return NewBatchedMigration.named("archive_orders")
                .work("archiveOrders")
                .table("shop.orders")
                .byKey("tenant", "id")
                .subBatchSizes(1, 50)
                .build();
    }
    // end

    /** Computes a column in Java. At most ten documents that cannot be read may be in quarantine. */
    public static NewBatchedMigration hashDocuments() {
        return NewBatchedMigration.named("hash_documents")
                .work("hashDocuments")
                .table("shop.documents")
                .byKey("id")
                .quarantineLimit(10)
                .build();
    }
}
