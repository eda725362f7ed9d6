package org.registrybbm.migrations.quarantine;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.QuarantinedTable;
import org.registrybbm.migrations.testkit.StatementLog;
import org.registrybbm.migrations.testkit.forms.LongBuild;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** What a sub-batch costs does not grow with the number of rows that are or ever were in quarantine. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class QuarantineCostsTest {
    private static final String WORK = "work";
    private static final String QUARANTINE = "batched_background_migration_quarantined_rows";
    private static final Pattern READ =
            Pattern.compile("Scan.* on " + QUARANTINE + ".*actual rows=(\\d+)|Rows Removed by Filter: (\\d+)");
    private static final int MOST = 16 * 50 + 1;

    private final TestDatabase database;

    QuarantineCostsTest(TestDatabase database) {
        this.database = database;
    }

    /** Every second one, or all with {@code -Dbbm.matrix=long}. */
    static Stream<QuarantinedTable> tables() {
        return Stream.of(QuarantinedTable.values()).filter(table -> table.ordinal() % 2 == 0 || LongBuild.IS_ON);
    }

    @ParameterizedTest
    @MethodSource("tables")
    @Sample(oneOf = 3)
    void sendsTheSameStatementsHoweverManyRowsAreInQuarantine(QuarantinedTable table) {
        // From so many on the rows are looked up, and not the entries read, of which there are less.
        Set<String> some = statements(table, 1_000);

        assertThat(some).isNotEmpty();
        assertThat(statements(table, 2_000)).isEqualTo(some);
        assertThat(longest(some)).isLessThan(longest(statements(table, 99)));
    }

    /** Returns what a whole run says about the table, without its numbers. */
    private Set<String> statements(QuarantinedTable table, int entries) {
        StatementLog log = new StatementLog(database);
        EngineFixture fixture = EngineFixture.clean(database);
        table.create(database, 300);
        table.listOthers(database, table.queue(fixture, WORK, 100, 50), entries);
        EngineFixture.engine(log, EngineFixture.SETTINGS, Map.of(WORK, ItemsWork.DO_ONE))
                .runToEnd(List.of(), StopSignal.NEVER);
        fixture.assertEachItemChangedOnce();
        Set<String> said = new TreeSet<>();
        for (String statement : log.statements()) {
            if (statement.contains("t.items")
                    && !statement.contains("INSERT INTO batched")
                    && !isOfForesight(statement)) {
                said.add(statement
                        .replaceAll("[0-9]+", "0")
                        .replaceAll("(\"\\(0,0\\)\",?)+", "places")
                        .replaceFirst("\\s*FOR NO KEY UPDATE SKIP LOCKED$", "\n"));
            }
        }
        return said;
    }

    /**
     * How long a search takes decides whether it is made for the rows of more than one sub-batch. On a machine that is busy all are, and
     * then none of them is one that locks what it finds.
     */
    private static boolean isOfForesight(String statement) {
        return statement.endsWith("SKIP LOCKED") && statement.contains("ctid = ANY ('{");
    }

    private static int longest(Set<String> statements) {
        return statements.stream().mapToInt(String::length).max().orElse(0);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "PREDICATE_WITH_FLOAT_KEYS")
    @Sample(oneOf = 3)
    void readsFewEntriesByTheUniqueIndexThoughNobodyHasAnalyzedThem(QuarantinedTable table) {
        StatementLog log = new StatementLog(database);
        EngineFixture fixture = EngineFixture.clean(database);
        table.create(database, 300);
        table.listOthers(database, table.queue(fixture, WORK, 100, 50), 5_000);
        List<String> plans = new ArrayList<>();
        WorkFunction work = ((WorkFunction) context -> {
                    if (plans.isEmpty()) {
                        plans.addAll(plans(context.connection(), log));
                    }
                    return ItemsWork.DO_ONE.migrate(context);
                })
                .withPending("v IS NULL");

        EngineFixture.engine(log, EngineFixture.SETTINGS, Map.of(WORK, work)).runToEnd(List.of(), StopSignal.NEVER);

        assertThat(plans)
                .hasSizeGreaterThanOrEqualTo(3)
                .allSatisfy(plan -> assertThat(plan).contains("unique_" + QUARANTINE));
        assertReadsFew(plans);
    }

    @Test
    void findsTheNextRowToBeTriedAgainWithoutTheOthers() {
        StatementLog log = new StatementLog(database);
        EngineFixture fixture = EngineFixture.clean(database);
        QuarantinedTable.KEYS.create(database, 300);
        long id = QuarantinedTable.KEYS.queue(fixture, WORK, 100, 50);
        QuarantinedTable.KEYS.list(database, id, "'retrying'", "true");
        QuarantinedTable.KEYS.listOthers(database, id, 5_000);
        database.execute("UPDATE " + QUARANTINE + " SET status = 'retrying'");
        List<String> plans = new ArrayList<>();
        WorkFunction once = ((WorkFunction) context -> {
                    List<String> now = plans(context.connection(), log);
                    if (now.stream().anyMatch(plan -> plan.contains("status = 'retrying'"))) {
                        plans.addAll(now);
                        fixture.setStatus("m", MigrationStatus.PAUSED);
                    }
                    return ItemsWork.DO_ONE.migrate(context);
                })
                .withPending("v IS NULL");

        EngineFixture.engine(log, EngineFixture.SETTINGS, Map.of(WORK, once)).runToEnd(List.of(), StopSignal.NEVER);

        assertThat(plans).isNotEmpty();
        assertReadsFew(plans);
    }

    private static void assertReadsFew(List<String> plans) {
        assertThat(plans).allSatisfy(plan -> {
            assertThat(plan).doesNotContain("Seq Scan on " + QUARANTINE);
            assertThat(READ.matcher(plan).results().map(read -> read.group(1) == null ? read.group(2) : read.group(1)))
                    .as(plan)
                    .allMatch(rows -> Integer.parseInt(rows) <= MOST);
        });
    }

    /** How PostgreSQL runs what was said of the quarantine since the fence. */
    private static List<String> plans(Connection connection, StatementLog log) throws SQLException {
        List<String> said = log.statements();
        int fence = said.size() - 1;
        while (!said.get(fence).contains("FOR UPDATE OF j") || said.get(fence).contains("SKIP LOCKED")) {
            fence--;
        }
        List<String> plans = new ArrayList<>();
        for (String statement : said.subList(fence, said.size())) {
            if (statement.contains(QUARANTINE)) {
                plans.add(explain(connection, statement));
            }
        }
        return plans;
    }

    private static String explain(Connection connection, String statement) throws SQLException {
        try (Statement explain = connection.createStatement();
                ResultSet lines =
                        explain.executeQuery("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) " + statement)) {
            StringBuilder plan = new StringBuilder(statement);
            while (lines.next()) {
                plan.append('\n').append(lines.getString(1));
            }
            return plan.toString();
        }
    }

    @Test
    void hasNoStatementCompiled() {
        StatementLog log = new StatementLog(database);
        EngineFixture fixture = EngineFixture.clean(database).items(1, 300);
        fixture.queue(WORK, null, "id", 100, 50);
        List<String> own = new ArrayList<>();

        EngineFixture.engine(
                        log,
                        EngineFixture.SETTINGS,
                        Map.of(
                                WORK,
                                ((WorkFunction) context -> {
                                            own.add(setting(context.connection()));
                                            return ItemsWork.DO_ONE.migrate(context);
                                        })
                                        .withPending("v IS NULL")))
                .runToEnd(List.of(), StopSignal.NEVER);

        assertThat(own).isNotEmpty().containsOnly("off");
        assertThat(log.statements().stream().filter(sql -> sql.startsWith("SET TRANSACTION")))
                .isNotEmpty()
                .allMatch(sql -> sql.contains("SET LOCAL jit = off"));
    }

    private static String setting(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SHOW jit")) {
            row.next();
            return row.getString(1);
        }
    }
}
