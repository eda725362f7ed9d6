package org.registrybbm.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.quartz.Scheduler;
import org.quartz.Trigger;
import org.quartz.TriggerKey;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** What is stored in Quartz's tables and read by replicas of other versions: none of it may change. */
@ExtendWith(PostgresExtension.class)
class PersistedContractTest {
    private final TestDatabase database;
    private final Fleet fleet;
    private final Scheduler quartz;

    PersistedContractTest(TestDatabase database) throws Exception {
        this.database = database;
        this.fleet = new Fleet(database);
        this.quartz = fleet.build(fleet.replica("one")).quartz();
    }

    @AfterEach
    void stop() {
        fleet.close();
    }

    @Test
    void theSchedulerAndTheDurableJobKeepTheirNamesAndClass() throws Exception {
        triggers().ensureStanding();
        triggers().ensureStanding();

        assertThat(database.column("""
                SELECT concat_ws(' ', sched_name, job_group, job_name, job_class_name, is_durable, is_nonconcurrent,
                    is_update_data, requests_recovery)
                FROM qrtz_job_details
                ORDER BY job_name
                """))
                .containsExactly("bbm bbm batch org.registrybbm.scheduler.BatchQuartzJob t f f f");
    }

    @Test
    void eachBatchJobHasAOneShotTriggerThatHoldsNothingButItsId() throws Exception {
        triggers().ensureStanding();
        assertThat(triggers().store(41)).isTrue();
        assertThat(triggers().store(42)).isTrue();
        assertThat(triggers().store(42)).as("stored again").isFalse();

        assertThat(database.column("""
                SELECT concat_ws(' ', t.trigger_group, t.trigger_name, t.job_group, t.job_name, t.trigger_state,
                    t.misfire_instr, s.repeat_count)
                FROM qrtz_triggers t
                JOIN qrtz_simple_triggers s USING (sched_name, trigger_name, trigger_group)
                WHERE t.trigger_group = 'bbm-batches'
                ORDER BY t.trigger_name
                """))
                .containsExactly("bbm-batches 41 bbm batch WAITING -1 0", "bbm-batches 42 bbm batch WAITING -1 0");
        Trigger trigger = quartz.getTrigger(TriggerKey.triggerKey("42", "bbm-batches"));
        assertThat(trigger.getJobDataMap().getWrappedMap())
                .containsOnlyKeys("batchJobId")
                .containsValue("42");
        assertThat(dataAsText("42")).as("properties, not Java serialisation").contains("batchJobId=42");
    }

    private Triggers triggers() {
        return new Triggers(quartz);
    }

    private List<String> dataAsText(String trigger) {
        return database
                .column("SELECT convert_from(job_data, 'UTF8') FROM qrtz_triggers WHERE trigger_name = ?", trigger)
                .stream()
                .flatMap(String::lines)
                .toList();
    }
}
