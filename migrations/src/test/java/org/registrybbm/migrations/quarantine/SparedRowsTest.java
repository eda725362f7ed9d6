package org.registrybbm.migrations.quarantine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.QuarantinedTable;
import org.registrybbm.migrations.testkit.forms.LongBuild;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.verification.VerificationResult;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Rows in quarantine are left alone, however many there are and whatever tells them apart, and all others are changed once. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class SparedRowsTest {

    private static final int ROWS = 600;
    private static final String STATUS = """
            CASE id / %1$d %% 4 WHEN 0 THEN 'quarantined' WHEN 1 THEN 'retrying' WHEN 2 THEN 'waived' ELSE 'done' END
            """;

    private final TestDatabase database;

    SparedRowsTest(TestDatabase database) {
        this.database = database;
        // So that a float's text is another one than the quarantine has.
        database.execute("ALTER DATABASE " + database.name() + " SET extra_float_digits = 0");
    }

    @AfterEach
    void reset() {
        database.execute("ALTER DATABASE " + database.name() + " RESET extra_float_digits");
    }

    static Stream<Arguments> tables() {
        return Stream.of(QuarantinedTable.values())
                .flatMap(table -> Stream.concat(
                        // Each so many rows are in quarantine, and so many entries are of rows that are gone.
                        table.ordinal() % 2 == 0 || LongBuild.IS_ON
                                ? Stream.of(Arguments.of(table, 13, 300))
                                : Stream.of(Arguments.of(table, 2, 0)),
                        LongBuild.IS_ON
                                ? Stream.of(
                                        Arguments.of(table, 2, 0),
                                        Arguments.of(table, 13, 0),
                                        Arguments.of(table, 13, 5_000))
                                : Stream.of()));
    }

    @ParameterizedTest
    @MethodSource("tables")
    @Sample(oneOf = 4)
    void areLeftAloneUntilTheyAreTriedAgain(QuarantinedTable table, int each, int others) {
        EngineFixture fixture = quarantined(table, "work", each, others);

        fixture.drain(Map.of("work", ItemsWork.DO_ONE));

        // Rows that are said to be done, and are pending, are found by whatever looks for pending rows.
        assertThat(database.column("SELECT id FROM t.items WHERE n = 0 ORDER BY id"))
                .isEqualTo(database.column(
                        "SELECT id FROM t.items WHERE id % ? = 0 AND id / ? % 4 IN (0, 2) ORDER BY id", each, each));
        assertThat(database.number("SELECT max(n) FROM t.items")).isEqualTo(1);
        assertThat(fixture.quarantine("status")).contains("quarantined").doesNotContain("retrying");
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
    }

    static Stream<Arguments> tablesWithCursor() {
        return tables().filter(arguments -> ((QuarantinedTable) arguments.get()[0]).hasCursor());
    }

    @ParameterizedTest
    @MethodSource("tablesWithCursor")
    @Sample(oneOf = 3)
    void areNotDoneTwiceWhereOnlyACursorTellsWhatIsDone(QuarantinedTable table, int each, int others) {
        EngineFixture fixture = quarantined(table, ItemsWork.ADD_ONE, each, others);

        fixture.drain(Map.of());

        assertThat(database.column("SELECT id FROM t.items WHERE n = 0 ORDER BY id"))
                .isEqualTo(database.column(
                        "SELECT id FROM t.items WHERE id % ? = 0 AND id / ? % 4 <> 1 ORDER BY id", each, each));
        assertThat(database.number("SELECT max(n) FROM t.items")).isEqualTo(1);
    }

    @ParameterizedTest
    @MethodSource("tables")
    void areNotTakenForRowsThatAreLeft(QuarantinedTable table, int each, int others) {
        EngineFixture fixture = quarantined(table, "work", each, others);
        BatchedMigrations engine = fixture.engine(Map.of("work", ItemsWork.DO_ONE));

        VerificationResult verified = engine.verify(List.of("m"), StopSignal.NEVER, (name, rows) -> {})
                .get(0);

        assertThat(verified.left())
                .isEqualTo(database.number(
                        "SELECT count(*) FROM t.items WHERE id % ? <> 0 OR id / ? % 4 = 3", each, each));
    }

    private EngineFixture quarantined(QuarantinedTable table, String work, int each, int others) {
        EngineFixture fixture = EngineFixture.clean(database);
        table.create(database, ROWS);
        long id = table.queue(fixture, work, 300, 250);
        table.list(database, id, STATUS.formatted(each), "id %% %d = 0".formatted(each));
        table.listOthers(database, id, others);
        return fixture;
    }
}
