package org.registrybbm.migrations.internal.walk;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.SQLException;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/**
 * Checks that ranges of keys lead from one end of a table to the other. No key is left out if each key behind which a range begins is also
 * the end of another range, equally often. This does not depend on the order in which the ranges are read. So it is enough to compare sums
 * of hashes, which can be computed for a part of the batch jobs at a time. Comparing the ranges one by one would mean to sort all of them
 * in one statement.
 */
public final class RangeSums {
    // This many batch jobs take a fraction of the time that a statement of a plan has.
    private static final long IDS_AT_ONCE = 50_000;

    private static final String IDS = """
            SELECT coalesce(min(id), 0) AS first, coalesce(max(id), -1) AS last
            FROM batched_background_migration_jobs
            """;

    private static final String PART = """
            SELECT count(*) FILTER (WHERE after_key IS NULL) AS begins,
                count(*) FILTER (WHERE through_key IS NULL) AS ends,
                coalesce(sum(
                    coalesce(jsonb_hash_extended(after_key, 1), 0)::numeric
                    - coalesce(jsonb_hash_extended(through_key, 1), 0)::numeric
                ), 0) AS surplus
            FROM batched_background_migration_jobs
            WHERE walk_id = ?
                AND id >= ?
                AND id < ?
            """;

    private RangeSums() {}

    private record Ids(long first, long last) {}

    private record Sum(long begins, long ends, BigDecimal surplus) {
        Sum plus(Sum other) {
            return new Sum(begins + other.begins, ends + other.ends, surplus.add(other.surplus));
        }
    }

    /**
     * Returns whether a walk's batch jobs certainly leave nothing out. The result may be false although they leave nothing out, if they
     * overlap.
     */
    public static boolean leadThrough(Connection connection, Walk walk) throws SQLException {
        return leadThrough(connection, walk.id(), IDS_AT_ONCE);
    }

    public static boolean leadThrough(Connection connection, long walkId, long idsAtOnce) throws SQLException {
        Ids ids = Jdbc.one(connection, IDS, row -> new Ids(row.getLong("first"), row.getLong("last")));
        Sum sum = new Sum(0, 0, BigDecimal.ZERO);
        for (long id = ids.first(); id <= ids.last(); id += idsAtOnce) {
            sum = sum.plus(Jdbc.one(
                    connection,
                    PART,
                    row -> new Sum(row.getLong("begins"), row.getLong("ends"), row.getBigDecimal("surplus")),
                    walkId,
                    id,
                    id + idsAtOnce));
        }
        return sum.begins() == 1 && sum.ends() == 1 && sum.surplus().signum() == 0;
    }
}
