package org.registrybbm.migrations.quarantine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.sql.SQLException;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.zip.ZipException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A row that makes the Java of a work function throw is found among the others, and nothing that it holds is written down. */
@ExtendWith(PostgresExtension.class)
class ThrowingWorkTest {
    private static final String WORK = "work";

    private final EngineFixture fixture;
    private final TestDatabase database;

    ThrowingWorkTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        database.execute("""
                CREATE TABLE t.items (id bigint PRIMARY KEY, raw text NOT NULL, n int NOT NULL DEFAULT 0, v bigint);
                INSERT INTO t.items (id, raw) SELECT i, i FROM generate_series(1, 1000) i
                """);
    }

    /** Adds up in Java what the rows hold, as work does that cannot be said in SQL. */
    private static WorkFunction parsing(Function<String, ? extends Throwable> otherwise) {
        return context -> {
            String sql = "SELECT raw FROM " + context.table() + " WHERE "
                    + context.batch().predicate();
            try (var statement = context.connection().createStatement();
                    var rows = statement.executeQuery(sql)) {
                while (rows.next()) {
                    String raw = rows.getString(1);
                    if (!raw.matches("[0-9]+")) {
                        throw ThrowingWorkTest.<RuntimeException>undeclared(otherwise.apply(raw));
                    }
                }
            }
            return ItemsWork.addOne(context);
        };
    }

    /** Throws a checked exception as other languages of the JVM do. */
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <T extends Throwable> T undeclared(Throwable thrown) throws T {
        throw (T) thrown;
    }

    static Stream<Arguments> exceptions() {
        return Stream.of(
                named(NumberFormatException::new),
                named(raw -> new IllegalStateException("cannot read " + raw, new IllegalArgumentException(raw))),
                named(raw -> new NullPointerException(raw)),
                named(raw -> new AssertionError("not a number: " + raw)),
                named(raw -> new StackOverflowError()),
                named(raw -> new ZipException("no gzip: " + raw)),
                named(raw -> new UncheckedIOException(new CharacterCodingException())),
                named(raw -> new SQLException("about " + raw)),
                named(raw -> new Speechless()),
                named(ThrowingWorkTest::inACircle),
                named(raw -> new IllegalStateException(new SQLException("about " + raw))));
    }

    /** Its text cannot even be asked for. */
    private static final class Speechless extends RuntimeException {
        private static final long serialVersionUID = 1L;

        @Override
        public String getMessage() {
            throw new IllegalStateException("alice@example.org");
        }
    }

    private static RuntimeException inACircle(String raw) {
        RuntimeException first = new RuntimeException(raw);
        first.initCause(new RuntimeException(raw, first));
        return first;
    }

    private static Arguments named(Function<String, ? extends Throwable> exception) {
        return Arguments.of(exception.apply("x").getClass().getName(), exception);
    }

    @ParameterizedTest
    @MethodSource("exceptions")
    @Sample(oneOf = 3)
    void setsTheRowAsideAndKeepsClassAndPlaceOnly(String type, Function<String, ? extends Throwable> exception) {
        database.execute("UPDATE t.items SET raw = 'alice@example.org' WHERE id IN (7, 700)");
        fixture.queue(WORK, null, "id", 1_000, 1_000);

        fixture.drain(Map.of(WORK, parsing(exception)));

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(fixture.quarantine("row_key::text || ' ' || failure_class"))
                .containsExactly("{\"id\": \"7\"} " + type, "{\"id\": \"700\"} " + type);
        assertThat(fixture.quarantine("failure_message").get(0))
                .startsWith("thrown at org.registrybbm.migrations.quarantine.ThrowingWorkTest");
        assertThat(database.number("SELECT count(*) FROM t.items WHERE n = 1")).isEqualTo(998);
        assertThat(everythingWritten()).doesNotContain("alice");

        database.execute("UPDATE t.items SET raw = '5' WHERE id IN (7, 700)");
        fixture.setStatus("m", MigrationStatus.ACTIVE);
        assertThat(fixture.drain(Map.of(WORK, parsing(exception))).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void takesAFailureOfTheNetworkForNoRowsFault() {
        fixture.queue(WORK, null, "id", 1_000, 1_000);

        fixture.drain(Map.of(WORK, context -> {
            throw new UncheckedIOException(new IOException("alice@example.org is away"));
        }));

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("4");
        assertThat(fixture.quarantine("1")).isEmpty();
        assertThat(everythingWritten()).doesNotContain("alice").contains("UncheckedIOException");
    }

    @Test
    void setsARowAsideWhoseValueTheDriverCannotConvertAndKeepsNothingOfIt() {
        database.execute("UPDATE t.items SET raw = CASE id WHEN 7 THEN 'alice' ELSE 'yes' END");
        fixture.queue(WORK, null, "id", 1_000, 1_000);

        fixture.drain(Map.of(WORK, context -> {
            String sql = "SELECT raw FROM " + context.table() + " WHERE "
                    + context.batch().predicate();
            try (var statement = context.connection().createStatement();
                    var rows = statement.executeQuery(sql)) {
                while (rows.next()) {
                    rows.getBoolean(1);
                }
            }
            return ItemsWork.addOne(context);
        }));

        assertThat(fixture.quarantine("row_key ->> 'id' || ' ' || failure_message"))
                .containsExactly("7 Cannot cast to boolean: \"...\"");
        assertThat(everythingWritten()).doesNotContain("alice");
    }

    @Test
    void makesSubBatchesSmallerThatDoNotFitIntoMemory() {
        fixture.queue(WORK, null, "id", 1_000, 1_000);
        database.execute("UPDATE batched_background_migrations SET sub_batch_size_min = 1");

        fixture.drain(Map.of(WORK, context -> {
            long changed = ItemsWork.addOne(context);
            if (changed > 100) {
                throw new OutOfMemoryError("pretended");
            }
            return changed;
        }));

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void keepsWhatTheDatabaseSaidBehindAnExceptionOfALibrary() {
        database.execute("ALTER TABLE t.items ADD CONSTRAINT odd CHECK (id <> 7 OR n = 0)");
        fixture.queue(WORK, null, "id", 1_000, 1_000);

        fixture.drain(Map.of(WORK, context -> {
            try {
                return ItemsWork.addOne(context);
            } catch (SQLException e) {
                throw new IllegalStateException("cannot run it for alice@example.org", e);
            }
        }));

        assertThat(fixture.quarantine("row_key ->> 'id' || ' ' || failure_sqlstate"))
                .containsExactly("7 23514");
        assertThat(fixture.quarantine("failure_message").get(0)).contains("violates check constraint \"odd\"");
        assertThat(everythingWritten()).doesNotContain("alice");
    }

    private String everythingWritten() {
        return String.join("\n", database.column("""
                SELECT m::text FROM batched_background_migrations m
                UNION ALL SELECT j::text FROM batched_background_migration_jobs j
                UNION ALL SELECT q::text FROM batched_background_migration_quarantined_rows q
                UNION ALL SELECT e::text FROM batched_background_migration_events e
                """));
    }
}
