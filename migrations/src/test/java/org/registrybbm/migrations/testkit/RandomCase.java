package org.registrybbm.migrations.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.TestDatabase;

/**
 * One random table and one migration over it, beside a copy that a plain {@code UPDATE} changes row by row.
 *
 * @param seed of everything random
 * @param work what is done
 * @param shape of the table
 */
public record RandomCase(long seed, TestDatabase database, Random random, Work work, Shape shape, String setting) {
    private static final String WORK = "work";
    private static final int ROWS = 240;

    /** What is done to the rows, by the engine and in SQL. */
    record Work(
            String signature,
            @Nullable String arguments,
            String source,
            String target,
            String values,
            String set,
            String where,
            String refuses,
            boolean saysWhatIsPending) {}

    /** How the table looks and how it is cut. */
    record Shape(String column, @Nullable String strategy, String constraints, String partitions) {}

    private static final List<String> SETTINGS = List.of(
            "bytea_output = 'escape'",
            "extra_float_digits = 0",
            "\"DateStyle\" = 'ISO, DMY'",
            "\"IntervalStyle\" = 'sql_standard'",
            "standard_conforming_strings = off",
            "quote_all_identifiers = on",
            "default_transaction_isolation = 'serializable'",
            "enable_indexscan = off",
            "enable_seqscan = off",
            "jit_above_cost = 0",
            "plan_cache_mode = 'force_generic_plan'",
            "row_security = off",
            "search_path = t, public",
            "application_name = 'nothing'");

    private static final List<Work> WORKS = List.of(
            counting(false),
            counting(true),
            copy("text", "integer", "i::text", "integer"),
            copy("text", "date", "to_char(make_date(2001, 1 + i % 12, 1 + i / 12 % 12), 'DD/MM/YYYY')", "date"),
            copy("numeric(12,4)", "numeric(10,2)", "i + 0.125", null),
            copy("double precision", "real", "i / 7.0", null),
            copy("timestamptz", "timestamptz(0)", "timestamptz '2020-01-01' + i * interval '0.7 second'", null),
            copy("interval", "interval", "i * interval '1 day'", null),
            copy("text", "char(5)", "'x' || i % 9", null),
            copy("text", "text COLLATE \"C\"", "'t' || i", null),
            copy("smallint", "bigint", "i", null),
            copy("float8", "text", "i / 3.0::float8", "text"),
            copy("bytea", "text", "decode(lpad(i::text, 6, '0'), 'hex')", "text"),
            fill("char(3)", "\"EUR\""),
            fill("numeric(9,2)", "1.10"),
            fill("int[]", "\"{1,2}\""));

    private static Work counting(boolean pending) {
        return new Work(
                WORK,
                null,
                "int",
                "int",
                "i",
                "n = n + 1, dst = 1",
                pending ? "dst IS NULL" : "true",
                "n > 0",
                pending);
    }

    private static Work copy(String source, String target, String values, @Nullable String cast) {
        String value = cast == null ? "src" : "src::" + cast;
        String arguments = cast == null
                ? "{\"from\": \"src\", \"to\": \"dst\"}"
                : "{\"from\": \"src\", \"to\": \"dst\", \"cast\": \"" + cast + "\"}";
        return new Work(
                "copyColumn", arguments, source, target, values, "dst = " + value, "true", "dst IS NOT NULL", true);
    }

    private static Work fill(String target, String value) {
        String sql = value.startsWith("\"") ? "'" + value.substring(1, value.length() - 1) + "'" : "'" + value + "'";
        return new Work(
                "fillColumn",
                "{\"column\": \"dst\", \"value\": " + value + "}",
                "int",
                target,
                "i",
                "dst = " + sql,
                "dst IS NULL",
                "dst IS NOT NULL",
                true);
    }

    public static RandomCase of(long seed, TestDatabase database) {
        Random random = new Random(seed * 7_919);
        Work work = pick(random, WORKS);
        return new RandomCase(seed, database, random, work, shape(random, work), pick(random, SETTINGS));
    }

    private static Shape shape(Random random, Work work) {
        String key = pick(random, List.of("id", "u", "k", "at", "tenant, k", "b", "num"));
        boolean primary = random.nextInt(4) > 0;
        boolean partitioned = random.nextInt(4) == 0;
        List<String> constraints = new ArrayList<>();
        if (primary) {
            constraints.add("PRIMARY KEY (" + (partitioned ? "tenant, " : "")
                    + pick(random, List.of("id", "u", "b", "f")) + ")");
        }
        String strategy = null;
        if (work.saysWhatIsPending() && random.nextInt(2) == 0) {
            strategy = pick(
                    random, List.of("BlockBatchingStrategy", "BlockBatchingStrategy", "PredicateBatchingStrategy"));
            if (strategy.startsWith("Predicate") && !work.where().equals("dst IS NULL")) {
                strategy = "BlockBatchingStrategy";
            }
        }
        return new Shape(
                key, strategy, String.join(", ", constraints), partitioned ? "PARTITION BY HASH (tenant)" : "");
    }

    private static <T> T pick(Random random, List<T> from) {
        return from.get(random.nextInt(from.size()));
    }

    /** Returns what went wrong; nothing when all is well. */
    public Optional<String> run() {
        try {
            return check().map(wrong -> this + ": " + wrong);
        } catch (RuntimeException e) {
            return Optional.of(this + ": " + e);
        } finally {
            database.execute("ALTER DATABASE " + database.name() + " RESET " + setting.split(" = ")[0]);
        }
    }

    private Optional<String> check() {
        EngineFixture fixture = EngineFixture.clean(database);
        create();
        database.execute("ALTER DATABASE " + database.name() + " SET " + setting);
        expect("t.expected");
        queue(fixture);
        runWithInterruptions(fixture);

        long refused = database.number("SELECT count(*) FROM t.expected WHERE bad AND NOT done");
        MigrationStatus status = fixture.status("m");
        if (status != (refused == 0 ? MigrationStatus.FINISHED : MigrationStatus.FAILED)) {
            return Optional.of("is " + status + " with " + refused + " rows refused: " + failure(fixture));
        }
        if (refused > 0 && !fixture.of("m", "failure_error_code").equals("15")) {
            return Optional.of(failure(fixture));
        }
        Optional<String> difference = difference("t.expected");
        if (difference.isPresent() || refused == 0) {
            return difference;
        }
        mend();
        fixture.engine(Map.of()).quarantine().retry(List.of("m"));
        fixture.drain(functions());
        return fixture.status("m") == MigrationStatus.FINISHED
                ? difference("t.expected")
                : Optional.of("after it was fixed: " + failure(fixture));
    }

    private String failure(EngineFixture fixture) {
        return fixture.of("m", "failure_error_code || ' ' || failure_message");
    }

    private void create() {
        String columns = """
                id bigint NOT NULL, u uuid NOT NULL, k text NOT NULL, at timestamptz NOT NULL, tenant int NOT NULL, b bytea NOT NULL,
                num numeric NOT NULL, f float8 NOT NULL, src %s, dst %s, n int NOT NULL DEFAULT 0, bad boolean NOT NULL DEFAULT false
                """.formatted(work.source(), work.target());
        String constraints = shape.constraints().isEmpty() ? "" : ", " + shape.constraints();
        database.execute(
                "SET TimeZone = 'UTC'; CREATE TABLE t.items (" + columns + constraints + ") " + shape.partitions());
        if (!shape.partitions().isEmpty()) {
            for (int part = 0; part < 3; part++) {
                database.execute(
                        "CREATE TABLE t.items_%1$d PARTITION OF t.items FOR VALUES WITH (MODULUS 3, REMAINDER %1$d)"
                                .formatted(part));
            }
        }
        int gap = 1 + random.nextInt(5) * random.nextInt(1_000);
        int tenants = 1 + random.nextInt(6);
        int groups = 1 + random.nextInt(200);
        database.execute("""
                INSERT INTO t.items (id, u, k, at, tenant, b, num, f, src, bad)
                SELECT i * %1$d - %2$d, md5(i::text)::uuid, 'k' || i %% %3$d, timestamptz '2020-01-01' + i %% %3$d * interval '1 hour',
                    i %% %4$d, decode(md5((i * 3)::text), 'hex'), i / 7.0, i / 3.0::float8, %5$s, %6$s
                FROM generate_series(1, %7$d) i;
                """.formatted(
                        gap,
                        random.nextInt(3) * gap * ROWS / 2,
                        groups,
                        tenants,
                        work.values(),
                        random.nextInt(3) == 0 ? "false" : "i % " + (20 + random.nextInt(200)) + " = 7",
                        random.nextInt(10) == 0 ? random.nextInt(3) : ROWS));
        if (random.nextBoolean()) {
            database.execute(
                    "DELETE FROM t.items WHERE n = 0 AND NOT bad AND id %% %d = 0".formatted(2 + random.nextInt(9)));
        }
        database.execute("CREATE INDEX ON t.items (%s); CREATE INDEX ON t.items (id) WHERE dst IS NULL"
                .formatted(shape.column()));
        database.execute("CREATE TABLE t.expected AS SELECT *, false AS done FROM t.items");
        for (String table : List.of("t.items", "t.expected")) {
            database.execute(
                    "ALTER TABLE %s ADD CONSTRAINT refuses CHECK (NOT (bad AND %s))".formatted(table, work.refuses()));
        }
        if (random.nextBoolean()) {
            database.execute("ANALYZE t.items");
        }
    }

    /** Changes the copy row by row, as rows that are refused must not keep the others from it. */
    private void expect(String table) {
        database.execute("""
                SET TimeZone = 'UTC';
                SET extra_float_digits = DEFAULT;
                %4$s;
                DO $do$
                DECLARE
                    each tid;
                BEGIN
                    FOR each IN SELECT ctid FROM %1$s WHERE NOT done LOOP
                        BEGIN
                            UPDATE %1$s SET %2$s WHERE ctid = each AND %3$s;
                        EXCEPTION WHEN integrity_constraint_violation OR data_exception THEN
                            CONTINUE;
                        END;
                    END LOOP;
                END
                $do$;
                UPDATE %1$s SET done = NOT bad OR NOT (%3$s)
                """.formatted(
                table, work.set(), work.where(), setting.startsWith("\"DateStyle\"") ? "SET " + setting : "SELECT 1"));
    }

    private void queue(EngineFixture fixture) {
        long id = fixture.engine(Map.of())
                .store()
                .queue(EngineFixture.migration(
                        "m",
                        work.signature(),
                        "t.items",
                        shape.column(),
                        shape.strategy(),
                        Long.MIN_VALUE,
                        Long.MAX_VALUE,
                        1 + random.nextInt(120),
                        work.arguments()));
        database.execute("""
                UPDATE batched_background_migrations
                SET batch_size_fixed = %s, sub_batch_size_max = %d, quarantine_limit = 1000
                WHERE id = %d
                """.formatted(random.nextBoolean(), 1 + random.nextInt(60), id));
    }

    private void runWithInterruptions(EngineFixture fixture) {
        BatchedMigrations engine = fixture.engine(functions());
        for (int turn = random.nextInt(4); turn > 0; turn--) {
            AtomicInteger left = new AtomicInteger(random.nextInt(4));
            for (long job : engine.planner().plan().due()) {
                engine.runner().run(job, () -> left.decrementAndGet() < 0);
            }
            switch (random.nextInt(3)) {
                case 0 -> fixture.expireLeases();
                case 1 -> {
                    fixture.setStatus(
                            "m",
                            fixture.status("m") == MigrationStatus.RUNNING
                                    ? MigrationStatus.PAUSED
                                    : fixture.status("m"));
                    database.execute("UPDATE batched_background_migrations SET status = 1 WHERE status = 0");
                }
                default -> database.execute("VACUUM t.items");
            }
        }
        fixture.drain(functions());
    }

    private Map<String, WorkFunction> functions() {
        WorkFunction count = context -> context.update("n = n + 1, dst = 1");
        return Map.of(WORK, work.saysWhatIsPending() ? count.withPending("dst IS NULL") : count);
    }

    private void mend() {
        for (String table : List.of("t.items", "t.expected")) {
            database.execute("ALTER TABLE %s DROP CONSTRAINT refuses".formatted(table));
        }
        expect("t.expected");
    }

    /** Rows are the same when they look the same under one and the same settings. */
    private Optional<String> difference(String table) {
        String columns = "id, u, k, at, tenant, b, num, f, src::text, dst::text, n, bad";
        List<String> differing = database.column("""
                (SELECT 'is: ' || (%1$s)::text FROM t.items EXCEPT ALL SELECT 'is: ' || (%1$s)::text FROM %2$s)
                UNION ALL
                (SELECT 'should be: ' || (%1$s)::text FROM %2$s EXCEPT ALL SELECT 'should be: ' || (%1$s)::text FROM t.items)
                LIMIT 4
                """.formatted(columns, table));
        return differing.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", differing));
    }

    @Override
    public String toString() {
        return "seed " + seed + " (" + work.signature() + " " + work.source() + " to " + work.target() + ", by "
                + (shape.strategy() == null ? shape.column() : shape.strategy()) + ", " + shape.constraints() + " "
                + shape.partitions() + ", " + setting + ")";
    }
}
