package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** What "no row is left" says is true for the rows that it names, and the documented statements name all. */
@ExtendWith(PostgresExtension.class)
class BoundsTest {
    private static final Pattern INSERT =
            Pattern.compile("INSERT INTO batched_background_migrations\\b.*?\\)(?=;|\\nON CONFLICT)", Pattern.DOTALL);

    private final EngineFixture fixture;
    private final TestDatabase database;

    BoundsTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @ParameterizedTest
    @ValueSource(strings = {"../README.md", "../docs/writing-a-migration.md"})
    void coversEveryKeyByTheDocumentedInsert(String document) throws IOException {
        database.execute("""
                DROP TABLE IF EXISTS public.users;
                CREATE TABLE public.users (id bigint PRIMARY KEY, legacy_id int, legacy_id_bigint bigint);
                INSERT INTO public.users
                SELECT i, 7 FROM generate_series(-500, 500) i
                UNION ALL VALUES (-9223372036854775808, 7), (9223372036854775807, 7)
                """);
        List<String> inserts = INSERT.matcher(Files.readString(Path.of(document)))
                .results()
                .map(MatchResult::group)
                .toList();
        assertThat(inserts).isNotEmpty();
        database.execute(inserts.get(0));

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();

        assertThat(database.number("SELECT count(*) FROM public.users WHERE legacy_id_bigint IS DISTINCT FROM 7"))
                .isZero();
        assertThat(explanation("widen_legacy_id"))
                .isEqualTo("every batch is done, and it was verified that no row is left");
    }

    @Test
    void namesTheBoundsThatItIsTrueFor() {
        fixture.items(-500, 500);
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work("copyColumn", Map.of("from", "id", "to", "v"))
                        .table("t.items")
                        .byKeyBetween("id", 1, Long.MAX_VALUE)
                        .batchSize(100)
                        .build());

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();

        assertThat(database.number("SELECT count(*) FROM t.items WHERE v IS NULL"))
                .isEqualTo(501);
        assertThat(explanation("m")).endsWith("no row is left from min_value 1 to max_value 9223372036854775807");
        assertThat(fixture.engine(Map.of()).eventLog().newest("m", 1).get(0).reason())
                .isEqualTo(
                        "no row with id from 1 to 9223372036854775807 is left; the table has rows outside of min_value and"
                                + " max_value, which the migration does not cover");
        assertThat(fixture.engine(Map.of())
                        .verify(List.of("m"), StopSignal.NEVER, (name, rows) -> {})
                        .get(0)
                        .explanation())
                .isEqualTo("no row with id from 1 to 9223372036854775807 is left");
    }

    private String explanation(String name) {
        return fixture.engine(Map.of()).status().overviews(List.of(name)).get(0).explanation();
    }
}
