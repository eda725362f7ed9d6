package org.registrybbm.migrations.quarantine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.RefusingItems;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A row is waived while a worker tries it again: the retry ends first, and what the person is told is what stays. */
@ExtendWith(PostgresExtension.class)
class WaivedMeanwhileTest {
    private final EngineFixture fixture;
    private final TestDatabase database;
    private final AtomicInteger tries = new AtomicInteger();

    WaivedMeanwhileTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @BeforeEach
    void quarantineARow() {
        new RefusingItems(database, 600).create("PRIMARY KEY (id), CHECK (NOT bad OR n = 0)");
        database.execute("UPDATE t.items SET bad = true WHERE id = 370");
        fixture.queue("work", null, "id", 300, 100);
        fixture.drain(Map.of("work", ItemsWork.DO_ONE));
        fixture.engine(Map.of()).quarantine().retry(List.of("m"));
    }

    @Test
    void staysWaivedWhenItFailsOnceMore() {
        // The second try is the one that looks for the rows that fail.
        assertThat(retryAndWaive(2)).isEqualTo(1);

        fixture.drain(Map.of("work", ItemsWork.DO_ONE));
        assertThat(fixture.quarantine("status || ' by ' || waived_by")).containsExactly("waived by jane");
        assertThat(fixture.of("m", "status")).isEqualTo("2");
        assertThat(database.column("SELECT id FROM t.items WHERE n <> 1")).containsExactly("370");
    }

    @Test
    void isDoneAndNotWaivedWhenItGoesWell() {
        database.execute("UPDATE t.items SET bad = false");

        assertThat(retryAndWaive(1)).isZero();

        assertThat(fixture.quarantine("status || coalesce(waived_by, '')")).containsExactly("done");
        assertThat(fixture.of("m", "status")).isEqualTo("2");
        assertThat(database.number("SELECT count(*) FROM t.items WHERE n <> 1")).isZero();
    }

    @Test
    void isLeftAsItWasWhereTheRetryTakesTooLong() {
        database.execute("UPDATE t.items SET bad = false");
        AtomicReference<Throwable> said = new AtomicReference<>();

        fixture.drain(Map.of("work", context -> {
            // In the retry's own thread, so that it never ends before the call.
            said.set(catchThrowable(() -> fixture.engine(Map.of()).quarantine().waive("m", List.of(), "jane", "fine")));
            return ItemsWork.DO_ONE.migrate(context);
        }));

        assertThat(said.get())
                .isInstanceOf(DatabaseException.class)
                .hasMessageContaining("waive quarantined rows of 'm'")
                .hasMessageContaining("lock timeout");
        assertThat(fixture.quarantine("status || coalesce(waived_by, '')")).containsExactly("done");
    }

    /** Returns how many rows somebody waived who asked for it at a try to change the row. */
    private long retryAndWaive(int tried) {
        CompletableFuture<Long> waived = new CompletableFuture<>();
        fixture.drain(Map.of("work", context -> {
            if (tries.incrementAndGet() == tried) {
                waived.completeAsync(() -> fixture.engine(Map.of()).quarantine().waive("m", List.of(), "jane", "fine"));
                await("the waiver waits, or has come before it")
                        .until(() -> waived.isDone() || database.number("""
                        SELECT count(*)
                        FROM pg_stat_activity
                        WHERE datname = current_database()
                            AND wait_event_type = 'Lock'
                            AND query LIKE '%SET status = ''waived''%'
                        """) > 0);
            }
            return ItemsWork.DO_ONE.migrate(context);
        }));
        return waived.join();
    }
}
