package org.registrybbm.scheduler.quartzonly;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.impl.SchedulerRepository;
import org.quartz.impl.StdSchedulerFactory;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

@ExtendWith(PostgresExtension.class)
class PluginOnlyTest {
    private final TestDatabase database;
    private final Properties properties = new Properties();

    PluginOnlyTest(TestDatabase database) throws IOException {
        this.database = database;
        try (InputStream file = PluginOnlyTest.class.getResourceAsStream("/quartz-only.properties")) {
            properties.load(Objects.requireNonNull(file));
        }
        properties.setProperty("org.quartz.dataSource.app.url", database.url());
    }

    @AfterEach
    void forgetTheScheduler() {
        SchedulerRepository.getInstance().remove("bbm");
    }

    @Test
    void anyQuartzApplicationRunsQueuedMigrationsToTheirEnd() throws Exception {
        queue("orders");

        Scheduler scheduler = new StdSchedulerFactory(properties).getScheduler();
        scheduler.start();
        try {
            awaitFinished("orders");
        } finally {
            scheduler.shutdown(true);
        }
    }

    /** An application that had Quartz before us keeps its tables, wherever they are and whatever they are called. */
    @ParameterizedTest
    @ValueSource(strings = {"APP_QRTZ_", "host.APP_QRTZ_", "host.JOBS_"})
    @Sample(oneOf = 3)
    void usesTheQuartzTablesOfTheApplication(String prefix) throws Exception {
        String table = prefix.toLowerCase(Locale.ROOT).replace('.', '_') + "items";
        queue(table);
        String schema = prefix.startsWith("host.") ? "host" : "public";
        String start = prefix.substring(prefix.indexOf('.') + 1).toLowerCase(Locale.ROOT);
        String rename = """
                DO $$
                DECLARE
                    old record;
                BEGIN
                    CREATE SCHEMA IF NOT EXISTS host;
                    FOR old IN SELECT * FROM pg_tables WHERE schemaname = '%1$s' AND tablename LIKE '%2$s%%' LOOP
                        EXECUTE format('ALTER TABLE %%I.%%I SET SCHEMA %3$s', old.schemaname, old.tablename);
                        EXECUTE format('ALTER TABLE %3$s.%%I RENAME TO %%I', old.tablename, replace(old.tablename, '%2$s', '%4$s'));
                    END LOOP;
                END $$
                """;
        database.execute(rename.formatted("public", "qrtz_", schema, start));
        properties.setProperty("org.quartz.jobStore.tablePrefix", prefix);

        Scheduler scheduler = new StdSchedulerFactory(properties).getScheduler();
        try {
            scheduler.start();
            awaitFinished(table);
        } finally {
            scheduler.shutdown(true);
            database.execute(rename.formatted(schema, start, "public", "qrtz_"));
        }
    }

    @Test
    void showsItsPresenceOverTheDataSourceThatThePropertyNamesAndEndsItAtTheShutdown() throws Exception {
        properties.setProperty("org.quartz.plugin.bbm.presenceDataSource", "direct");
        properties.setProperty("org.quartz.dataSource.direct.connectionProvider.class", UrlConnections.class.getName());
        properties.setProperty("org.quartz.dataSource.direct.url", database.url());
        String present = """
                SELECT count(*)
                FROM pg_locks l
                JOIN pg_database d ON d.oid = l.database
                WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.classid::bigint >> 8 = x'62626d'::int
                """;

        Scheduler scheduler = new StdSchedulerFactory(properties).getScheduler();
        scheduler.start();
        try {
            await().atMost(Duration.ofSeconds(20)).until(() -> database.number(present) == 1);
        } finally {
            scheduler.shutdown(true);
        }

        await().atMost(Duration.ofSeconds(20)).until(() -> database.number(present) == 0);
    }

    @Test
    void leavesHalfOfTheThreadsToTheHostsOwnJobs() throws Exception {
        queue("many");
        database.execute("""
                UPDATE batched_background_migrations SET job_signature_name = 'hold', batch_size_fixed = true
                WHERE name = 'many';
                UPDATE batched_background_migration_budgets SET batch_jobs = NULL
                """);
        properties.setProperty("org.quartz.threadPool.threadCount", "4");

        Scheduler scheduler = new StdSchedulerFactory(properties).getScheduler();
        scheduler.start();
        try {
            await().atMost(Duration.ofSeconds(20)).until(() -> ApplicationWork.HELD.get() == 2);
            HostJob.scheduleBoth(scheduler);
            assertThat(HostJob.BOTH_RUN.await(20, TimeUnit.SECONDS)).isTrue();
            ApplicationWork.OPEN.countDown();
            awaitFinished("many");
        } finally {
            ApplicationWork.OPEN.countDown();
            scheduler.shutdown(true);
        }

        assertThat(ApplicationWork.MOST_HELD).hasValue(2);
    }

    @Test
    void aJobStoreThatIsNotClusteredWillDoWhenTheSchedulerIsAlone() throws Exception {
        queue("alone");
        properties.setProperty("org.quartz.jobStore.isClustered", "false");
        properties.setProperty("org.quartz.jobStore.acquireTriggersWithinLock", "false");
        properties.setProperty("org.quartz.plugin.bbm.alone", "true");

        Scheduler scheduler = new StdSchedulerFactory(properties).getScheduler();
        scheduler.start();
        try {
            awaitFinished("alone");
        } finally {
            scheduler.shutdown(true);
        }
    }

    @Test
    void aJobStoreInMemoryWillDoWhenTheSchedulerIsAlone() throws Exception {
        queue("in_memory");
        inMemory();
        properties.setProperty("org.quartz.plugin.bbm.alone", "true");

        Scheduler scheduler = new StdSchedulerFactory(properties).getScheduler();
        scheduler.start();
        try {
            awaitFinished("in_memory");
        } finally {
            scheduler.shutdown(true);
        }
    }

    @Test
    void refusesAJobStoreInMemory() {
        inMemory();

        assertRefused("org.quartz.jobStore.isClustered=true", "org.quartz.plugin.bbm.alone=true");
    }

    @Test
    void refusesAJobStoreThatIsNotClustered() {
        properties.setProperty("org.quartz.jobStore.isClustered", "false");

        assertRefused("org.quartz.jobStore.isClustered=true", "org.quartz.plugin.bbm.alone=true");
    }

    @Test
    void refusesAClusterThatAcquiresTriggersWithoutTheLock() {
        properties.setProperty("org.quartz.jobStore.acquireTriggersWithinLock", "false");

        assertRefused("org.quartz.jobStore.acquireTriggersWithinLock=true", "org.quartz.plugin.bbm.alone=true");
    }

    @ParameterizedTest
    @CsvSource({
        "jobIntervalMillis,        99, 100 to 60000",
        "jobIntervalMillis,     60001, 100 to 60000",
        "shutdownGraceMillis,      -1, 0 to 60000",
        "workers,                   0, 1 to 3",
        "workers,                   4, 1 to 3",
        "maxJobAttempts,            0, 1 to 100",
        "batchTargetMillis,       999, PT1S to PT1H",
        "subBatchTargetMillis,      9, PT0.01S to PT30S"
    })
    void refusesAValueOutOfRange(String property, String value, String range) {
        properties.setProperty("org.quartz.plugin.bbm." + property, value);

        assertRefused("org.quartz.plugin.bbm", range);
    }

    @ParameterizedTest
    @ValueSource(strings = {"java.lang.String", "com.example.Nowhere", "org.registrybbm.migrations.work.WorkFunctions"})
    void refusesAClassThatIsNoWorkFunctions(String className) {
        properties.setProperty("org.quartz.plugin.bbm.workFunctions", className);

        assertRefused("org.quartz.plugin.bbm", "workFunctions is '" + className + "'", "WorkFunctions");
    }

    @Test
    void refusesAPropertyThatItDoesNotHave() {
        properties.setProperty("org.quartz.plugin.bbm.jobIntervall", "1000");

        assertThatThrownBy(() -> new StdSchedulerFactory(properties).getScheduler())
                .isInstanceOf(SchedulerException.class)
                .hasStackTraceContaining("jobIntervall");
    }

    private void inMemory() {
        properties.keySet().removeIf(key -> key.toString().startsWith("org.quartz.jobStore."));
        properties.setProperty("org.quartz.jobStore.class", "org.quartz.simpl.RAMJobStore");
    }

    private void assertRefused(String... parts) {
        assertThatThrownBy(() -> new StdSchedulerFactory(properties).getScheduler())
                .isInstanceOf(SchedulerException.class)
                .satisfies(refusal -> assertThat(refusal.getMessage()).contains(parts));
    }

    private void queue(String table) {
        database.execute("""
                CREATE TABLE public.%1$s (id bigint PRIMARY KEY, n int NOT NULL);
                INSERT INTO public.%1$s SELECT i, 0 FROM generate_series(1, 5000) i;
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name)
                VALUES ('%1$s', 1, 5000, 1000, 1, 'addOne', 'public.%1$s', 'id')
                """.formatted(table));
    }

    private void awaitFinished(String table) {
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(database.number(
                                "SELECT status FROM batched_background_migrations WHERE name = ?", table))
                        .isEqualTo(2));
        assertThat(database.number("SELECT count(*) FROM public." + table + " WHERE n = 1"))
                .isEqualTo(5000);
    }
}
