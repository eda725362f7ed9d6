package org.registrybbm.migrations;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

@ExtendWith(PostgresExtension.class)
class SynchronousRunTest {
    @Test
    void bringsAMigrationToItsEndWithADataSourceAndNothingElse(TestDatabase database) {
        database.execute("""
                CREATE TABLE public.users (id bigint PRIMARY KEY, n int NOT NULL, n_big bigint);
                INSERT INTO public.users SELECT i * 3, i FROM generate_series(-5000, 5000) i
                """);
        BatchedMigrations engine = BatchedMigrations.on(database).build();
        engine.store()
                .queue(NewBatchedMigration.named("widen")
                        .work("copyColumn", "{\"from\": \"n\", \"to\": \"n_big\", \"cast\": \"bigint\"}")
                        .table("public.users")
                        .byKey("id")
                        .batchSize(1_000)
                        .build());

        RunResult result = engine.runToEnd(List.of("widen"), StopSignal.NEVER);

        assertThat(result.failed()).isEmpty();
        assertThat(result.isComplete()).isTrue();
        assertThat(database.number("SELECT count(*) FROM public.users WHERE n_big = n"))
                .isEqualTo(10_001);
    }
}
