package org.registrybbm.scheduler.chaos;

import static java.util.stream.Collectors.joining;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A kind of table and of batched migration. Its table also has {@code uid}, {@code old} (was there before the migration), {@code n} (how
 * often a batch changed the row) and {@code note}, which the application writes.
 *
 * @param name of the kind
 * @param table how it is made
 * @param keys columns that an insert names
 * @param values SQL of their values, from a number {@code i}
 * @param migration how it is queued
 */
record Workload(String name, Table table, String keys, String values, Migration migration) {
    /** Its table has partitions, which are built anew meanwhile. */
    static final String PARTED = "parted";

    /** The application moves its rows to other partitions. */
    static final String MOVED = "moved";

    /** Its definition is edited, and its work says what is pending. */
    static final String EDITED = "edited";

    /** Its definition is edited, and its work does not say what is pending. */
    static final String INSISTING = "insisting";

    /**
     * The table's own part of its definition.
     *
     * @param columns key columns and constraints
     * @param options what stands behind the parenthesis
     * @param more statements for indexes and partitions; {@code %1$s} is the table
     */
    public record Table(String columns, String options, List<String> more) {}

    /** What the row of {@code batched_background_migrations} says besides; a NULL strategy is the default one. */
    record Migration(String work, String column, String strategy, String minValue, String maxValue) {
        static Migration byRange(String work, String column) {
            return new Migration(work, column, "NULL", "1", "9223372036854775807");
        }
    }

    /** All that run at once. One more kind of key is a few lines here. */
    static List<Workload> all() {
        return List.of(
                // First, so that they meet most of the faults of a round.
                keyed("refused", "id bigint PRIMARY KEY", "id", "i")
                        .working(ChaosWork.BOOK)
                        .refusing(Flaws.SLOWLY),
                keyed("deferred", "a int, b text, PRIMARY KEY (a, b)", "a, b", "i / 100, 'k' || i")
                        .refusing(Flaws.AT_COMMIT),
                keyed("unfit", "id bigint", "id", "i")
                        .by(ChaosWork.ADD_ONCE, "id", "BlockBatchingStrategy")
                        .refusing(Flaws.BY_CHECK),
                keyed("bigint", "id bigint PRIMARY KEY", "id", "i"),
                keyed("booked", "id bigint PRIMARY KEY", "id", "i").working(ChaosWork.BOOK),
                keyed(PARTED, "id bigint NOT NULL, tenant int NOT NULL, PRIMARY KEY (tenant, id)", "id", "i")
                        .partitioned()
                        .working(ChaosWork.BOOK),
                keyed(MOVED, "id bigint NOT NULL, tenant int NOT NULL, PRIMARY KEY (tenant, id)", "id", "i")
                        .partitioned()
                        .working(ChaosWork.ADD_ONCE),
                keyed(EDITED, "id bigint PRIMARY KEY", "id", "i").working(ChaosWork.ADD_ONCE),
                keyed(INSISTING, "id bigint PRIMARY KEY", "id", "i"),
                keyed("uuid", "id uuid PRIMARY KEY", "id", "md5(i::text)::uuid").working(ChaosWork.ADD_ONCE),
                keyed("pair", "a int, b text, PRIMARY KEY (a, b)", "a, b", "i % 10, 'k' || i"),
                keyed("moment", "at timestamptz NOT NULL", "at", "timestamptz '2020-01-01' + i / 50 * interval '1 s'")
                        // A person can tell what became of a row that a broken work function had quarantined.
                        .with("CREATE INDEX ON %1$s (at); ALTER TABLE %1$s ADD PRIMARY KEY (uid)"),
                keyed(
                        "icu",
                        "id text COLLATE \"und-x-icu\" PRIMARY KEY",
                        "id",
                        "chr(65 + i % 26) || (i % 7) || 'é' || i"),
                keyed("nulls", "id bigint PRIMARY KEY, filled int", "id", "i")
                        .with("CREATE INDEX ON %1$s (filled) WHERE filled IS NULL")
                        .by(ChaosWork.FILL, "filled", "NullKeySetBatchingStrategy"),
                keyed("pending", "id bigint PRIMARY KEY", "id", "i")
                        .with("CREATE INDEX ON %1$s (id) WHERE n = 0")
                        .by(ChaosWork.ADD_ONCE, "id", "PredicateBatchingStrategy"),
                keyed("keyless", "id bigint", "id", "i").by(ChaosWork.ADD_ONCE, "id", "BlockBatchingStrategy"));
    }

    /** Those of a smaller service. */
    static List<Workload> some() {
        return all().stream()
                .filter(workload ->
                        Set.of("bigint", "booked", "uuid", "keyless").contains(workload.name()))
                .toList();
    }

    private static Workload keyed(String name, String columns, String keys, String values) {
        return new Workload(
                name, new Table(columns, "", List.of()), keys, values, Migration.byRange(ChaosWork.ADD_ONE, keys));
    }

    private Workload working(String work) {
        return new Workload(name, table, keys, values, Migration.byRange(work, migration.column()));
    }

    private Workload by(String work, String column, String strategy) {
        return new Workload(name, table, keys, values, new Migration(work, column, "'" + strategy + "'", "0", "0"));
    }

    private Workload with(String index) {
        return new Workload(name, new Table(table.columns(), table.options(), List.of(index)), keys, values, migration);
    }

    /** Four partitions by a second column, with an index on the key. */
    private Workload partitioned() {
        List<String> statements = new ArrayList<>(List.of("CREATE INDEX ON %1$s (id)"));
        for (int i = 0; i < 4; i++) {
            statements.add(
                    "CREATE TABLE %1$s_p" + i + " PARTITION OF %1$s FOR VALUES WITH (MODULUS 4, REMAINDER " + i + ")");
        }
        return new Workload(
                name,
                new Table(table.columns(), "PARTITION BY HASH (tenant)", statements),
                "id, tenant",
                "i, i % 16",
                migration);
    }

    /** With rows whose data refuses the change; the statement makes the database see to it. */
    private Workload refusing(String how) {
        List<String> statements = new ArrayList<>(table.more());
        statements.add(how);
        return new Workload(
                name,
                new Table(table.columns() + ", flaw text", table.options(), statements),
                keys + ", flaw",
                values + ", public.chaos_flaw(i)",
                migration);
    }

    boolean refuses() {
        return keys.endsWith(", flaw");
    }

    boolean hasKey() {
        return table.columns().contains("PRIMARY KEY");
    }

    /** SQL of how the quarantine names a row of the table, whose alias is {@code t}. */
    String rowKey() {
        if (!hasKey()) {
            return """
                    jsonb_build_object('tableoid', t.tableoid::bigint::text, 'ctid', t.ctid::text, 'xmin', t.xmin::text,
                        'filenode', pg_relation_filenode(t.tableoid)::bigint::text)
                    """.strip();
        }
        return Stream.of(migration.column().split(", ", -1))
                .map(column -> "'%1$s', t.%1$s::text".formatted(column))
                .collect(joining(", ", "jsonb_build_object(", ")"));
    }

    /** Statements that make the table of a round; {@code %1$s} is its name. */
    String ddl() {
        return """
                CREATE TABLE %1$s (
                    uid bigint NOT NULL DEFAULT nextval('public.chaos_uids'),
                    old boolean NOT NULL DEFAULT false,
                    n int NOT NULL DEFAULT 0,
                    note int NOT NULL DEFAULT 0,
                    {columns}
                ) {options};
                CREATE INDEX ON %1$s (uid);
                {more};
                """.replace("{columns}", table.columns())
                .replace("{options}", table.options())
                .replace("{more}", String.join(";\n", table.more()));
    }
}
