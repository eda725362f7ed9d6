package org.registrybbm.migrations.liquibase.conversion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.registrybbm.migrations.liquibase.conversion.Shop.ADD;
import static org.registrybbm.migrations.liquibase.conversion.Shop.DROP;
import static org.registrybbm.migrations.liquibase.conversion.Shop.FINISH;
import static org.registrybbm.migrations.liquibase.conversion.Shop.UNDO;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.registrybbm.migrations.liquibase.SchemaChangeProcess;
import org.registrybbm.migrations.liquibase.SchemaChangeProcess.Lock;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/**
 * A process that widens a column is killed again and again, each time in another step, and one more process ends the work. {@code
 * -Dconversion.kills} says how often: 100 are more than there are steps.
 */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class KilledConversionTest {
    private static final int KILLS = Integer.getInteger("conversion.kills", 1);
    private static final int FIRST = 5;
    private static final int MOST_STEPS = 45;
    private static final Pattern STEP = Pattern.compile("step (\\d+) of (\\d+), (.*)");

    private final TestDatabase database;

    @TempDir
    Path directory;

    KilledConversionTest(TestDatabase database) {
        this.database = database;
    }

    /** An undo takes the same steps as a finish. */
    static Stream<String> last() {
        return KILLS > MOST_STEPS ? Stream.of(ADD, FINISH, UNDO, DROP) : Stream.of(FINISH, DROP);
    }

    @ParameterizedTest
    @MethodSource("last")
    @Sample(oneOf = 2)
    void isFinishedByTheNext(String last) throws Exception {
        database.execute("DROP TABLE IF EXISTS databasechangelog, databasechangeloglock");
        Shop shop = Shop.open(database, Set.of());
        List<String> all = last.equals(DROP) ? List.of(ADD, FINISH, DROP) : List.of(ADD, FINISH, UNDO);
        if (!last.equals(ADD)) {
            shop.changelog(directory, ADD).update();
            shop.copy();
        }
        shop.changelog(directory, all.subList(0, all.indexOf(last)).toArray(String[]::new))
                .update();
        shop.changelog(directory, all.subList(0, all.indexOf(last) + 1).toArray(String[]::new));

        int killed = 0;
        for (int step : steps(new Random(last.hashCode()))) {
            try (SchemaChangeProcess process =
                    SchemaChangeProcess.start(database, directory, "changes.yaml", Lock.OURS)) {
                process.awaitLine(line -> number(line) >= step);
                killed += process.handle().isAlive() ? 1 : 0;
                process.kill();
                shop.use();
            }
        }
        assertThat(killed).as("processes that were still at work").isPositive();
        try (SchemaChangeProcess process = SchemaChangeProcess.start(database, directory, "changes.yaml", Lock.OURS)) {
            assertThat(process.await()).as(String.join("\n", process.lines())).isZero();
        }

        shop.use();
        assertThat(database.number("SELECT count(*) FROM pg_index WHERE NOT indisvalid"))
                .isZero();
        assertThat(database.column(
                        "SELECT DISTINCT count(*) FROM pg_trigger WHERE tgname LIKE 'zzz%' GROUP BY tgrelid"))
                .isEqualTo(last.equals(DROP) ? List.of() : List.of("1"));
        assertThat(
                        database.text(
                                "SELECT format_type(atttypid, -1) FROM pg_attribute WHERE attrelid = 't.orders'::regclass AND attname = 'id'"))
                .isEqualTo(last.equals(FINISH) || last.equals(DROP) ? "bigint" : "integer");
    }

    /**
     * The first steps only change settings. In the long form each of the others: what is done is not listed any more, so the first that is
     * left has always the same number.
     */
    private static int[] steps(Random random) {
        return KILLS > MOST_STEPS
                ? IntStream.rangeClosed(1, MOST_STEPS).map(i -> FIRST + i % 3).toArray()
                : random.ints(KILLS, FIRST, FIRST + 3).toArray();
    }

    private static int number(String line) {
        Matcher step = STEP.matcher(line);
        return step.find() ? Integer.parseInt(step.group(1)) : -1;
    }
}
