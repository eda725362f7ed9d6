package org.registrybbm.migrations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.registrybbm.migrations.model.KeyBounds;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.model.NewBatchedMigration.Builder;

class NewBatchedMigrationTest {
    private static Builder migration() {
        return NewBatchedMigration.named("m").work("addOne").table("t.items");
    }

    @Test
    void saysHowTheTableIsCut() {
        assertThat(migration().byKey("tenant", "id").build().definition())
                .satisfies(definition -> assertThat(definition.column()).isEqualTo("tenant, id"))
                .satisfies(definition -> assertThat(definition.strategy()).isNull());
        assertThat(migration().byNull("v").build().definition().strategy()).isEqualTo("NullKeySetBatchingStrategy");
        assertThat(migration().byPredicate().build().definition().strategy()).isEqualTo("PredicateBatchingStrategy");
        assertThat(migration().byBlocks().build().definition().strategy()).isEqualTo("BlockBatchingStrategy");
    }

    @Test
    void boundsOnlyWhatIsCutByAKey() {
        Builder builder = migration().byKeyBetween("id", 5, 10);

        assertThat(builder.build().bounds()).isEqualTo(new KeyBounds(5, 10));
        assertThat(builder.byBlocks().build().bounds()).isEqualTo(KeyBounds.NONE);
        assertThat(builder.byKey("id").build().bounds()).isEqualTo(KeyBounds.ALL);
    }

    @Test
    void writesArgumentsAsJson() {
        assertThat(migration()
                        .work("w", Map.of("a", Map.of("b", new int[] {1})))
                        .byBlocks()
                        .build()
                        .definition()
                        .arguments())
                .isEqualTo("{\"a\":{\"b\":[1]}}");
        assertThatThrownBy(() -> migration().work("w", Map.of("a", new Object())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("the arguments of 'm' cannot be written as JSON: ");
    }

    @Test
    void saysWhatIsMissing() {
        assertThatThrownBy(() -> NewBatchedMigration.named("m").build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("the batched migration 'm' has no work: add .work(");
        assertThatThrownBy(() -> NewBatchedMigration.named("m").work("addOne").build())
                .hasMessageStartingWith("the batched migration 'm' has no table: add .table(");
        assertThatThrownBy(() -> migration().build())
                .hasMessageStartingWith("the batched migration 'm' has no way to cut its table: add .byKey(");
        assertThatThrownBy(() -> NewBatchedMigration.named(" ")).hasMessage("the name of a batched migration is blank");
    }

    static Stream<Arguments> outOfRange() {
        return Stream.of(
                wrong(b -> b.batchSize(0), "batch size of 'm' is 0, allowed is 1 to 2147483647"),
                wrong(b -> b.batchSizes(5, 4), "batch sizes of 'm' is 5, allowed is 1 to 4"),
                wrong(b -> b.subBatchSizes(0, 4), "sub-batch sizes of 'm' is 0, allowed is 1 to 4"),
                wrong(b -> b.priority(40_000), "priority of 'm' is 40000, allowed is -32768 to 32767"),
                wrong(b -> b.quarantineLimit(-1), "quarantine limit of 'm' is -1, allowed is 0 to 2147483647"),
                wrong(b -> b.batchJobsAtOnce(0), "batch jobs at once of 'm' is 0, allowed is 1 to 1000"),
                wrong(b -> b.rowsPerSecond(0), "rows per second of 'm' is 0, allowed is 1 to 1000000000"),
                wrong(
                        b -> b.byKeyBetween("id", 2, 1),
                        "the bounds of 'm' are 2 to 1; the first key must not be greater than the last"));
    }

    private static Arguments wrong(UnaryOperator<Builder> change, String message) {
        return Arguments.of(change, message);
    }

    @ParameterizedTest
    @MethodSource("outOfRange")
    void refusesWhatIsOutOfItsRange(UnaryOperator<Builder> change, String message) {
        assertThatThrownBy(() -> change.apply(migration()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}
