package org.registrybbm.examples;

import com.github.kagkarlsson.scheduler.task.CompletionHandler;
import com.github.kagkarlsson.scheduler.task.TaskDescriptor;
import com.github.kagkarlsson.scheduler.task.helper.CustomTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import com.github.kagkarlsson.scheduler.task.schedule.FixedDelay;
import java.io.Serializable;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import javax.sql.DataSource;

/** Shows the backfill of the comparison as a task of db-scheduler. */
public final class WithDbScheduler {
    private WithDbScheduler() {}

    // snippet: with-db-scheduler
    /** How far the task has come; db-scheduler stores it. */
    public record Cursor(long after) implements Serializable {}

    /** Survives restarts, because the cursor is stored, but in another transaction than the rows. One batch at a time, at a fixed size. */
    public static CustomTask<Cursor> lowerCaseEmails(DataSource dataSource) {
        return Tasks.custom(TaskDescriptor.of("lower-case-emails", Cursor.class))
                .scheduleOnStartup("once", new Cursor(0), now -> Instant.EPOCH)
                .execute((instance, context) -> {
                    long after = instance.getData().after();
                    long through = lowerCaseEmails(dataSource, after);
                    return through == after
                            ? new CompletionHandler.OnCompleteRemove<>()
                            : new CompletionHandler.OnCompleteReschedule<>(
                                    FixedDelay.of(Duration.ZERO), new Cursor(through));
                });
    }

    private static long lowerCaseEmails(DataSource dataSource, long after) {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement update = connection.prepareStatement(
                        "UPDATE shop.users SET email = lower(email) WHERE id > ? AND id <= ?")) {
            long through = ByHand.end(connection, after);
            update.setLong(1, after);
            update.setLong(2, through);
            update.executeUpdate();
            return through;
        } catch (SQLException e) {
            throw new IllegalStateException("could not change the rows behind " + after, e);
        }
    }
    // end
}
