package org.registrybbm.migrations.budget;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Work functions whose {@code check} or {@code pending} is broken in a way that no exception tells: the planner is the whole fleet's. */
@ExtendWith(PostgresExtension.class)
class BrokenCodeTest {
    private final CountDownLatch over = new CountDownLatch(1);
    private final EngineFixture fixture;

    BrokenCodeTest(TestDatabase database) {
        this.fixture = EngineFixture.clean(database);
        fixture.items(1, 100).queueItems("sick", "broken", 10);
        fixture.queueItems("healthy", ItemsWork.ADD_ONE, 100);
    }

    @AfterEach
    void letThreadsEnd() {
        over.countDown();
    }

    /** What is broken, and what it does. */
    enum Broken {
        ASSERTION {
            @Override
            void fall() {
                throw new AssertionError("a mistake");
            }
        },
        RECURSION {
            @Override
            void fall() {
                deeper(1);
            }

            private int deeper(int level) {
                return level == 0 ? 0 : deeper(level + 1) + 1;
            }
        },
        MEMORY {
            @Override
            void fall() {
                throw new OutOfMemoryError("Java heap space");
            }
        },
        OF_THE_DATABASE {
            @Override
            void fall() {
                throw new ExceptionInInitializerError(new SQLException("it was away when a class was loaded", "08006"));
            }
        },
        INITIALIZER {
            @Override
            void fall() {
                throw new ExceptionInInitializerError("a mistake");
            }
        };

        abstract void fall();
    }

    private static WorkFunction breaking(boolean inCheck, Runnable fall) {
        return new WorkFunction() {
            @Override
            public long migrate(WorkContext context) {
                return 0;
            }

            @Override
            public void check(WorkContext context) {
                if (inCheck) {
                    fall.run();
                }
            }

            @Override
            public Optional<String> pending(WorkContext context) {
                fall.run();
                return Optional.empty();
            }
        };
    }

    @ParameterizedTest
    @EnumSource
    @Sample(oneOf = 2)
    void anErrorOfItsCheckFailsItAlone(Broken broken) {
        fixture.drain(Map.of("broken", breaking(true, broken::fall)));

        assertThat(fixture.status("sick")).isEqualTo(MigrationStatus.FAILED);
        assertThat(fixture.status("healthy")).isEqualTo(MigrationStatus.FINISHED);
    }

    @ParameterizedTest
    @EnumSource
    void anErrorOfWhatIsPendingFailsItAlone(Broken broken) {
        fixture.drain(Map.of("broken", breaking(false, broken::fall)));

        assertThat(fixture.status("sick")).isEqualTo(MigrationStatus.FAILED);
        assertThat(fixture.status("healthy")).isEqualTo(MigrationStatus.FINISHED);
    }

    @Test
    void aCheckThatHangsWhateverInterruptsItIsLeftBehind() {
        fixture.drain(Map.of("broken", breaking(true, this::hang)));

        assertThat(fixture.of("sick", "failure_message"))
                .matches("its check did not come back within 10 s, and is still at .*BrokenCodeTest\\.hang.*");
        assertThat(fixture.status("healthy")).isEqualTo(MigrationStatus.FINISHED);
    }

    private void hang() {
        while (over.getCount() > 0) {
            Thread.onSpinWait();
        }
    }
}
