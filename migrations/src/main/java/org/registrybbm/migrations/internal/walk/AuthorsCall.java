package org.registrybbm.migrations.internal.walk;

import java.lang.reflect.UndeclaredThrowableException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.failure.InvalidDefinitionException;
import org.registrybbm.migrations.internal.failure.FailureText;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/**
 * Asks an author's code a question before there are rows to change. The code may hang, and the caller plans for the whole fleet. So the
 * code answers in a thread of its own, and the caller waits for it little longer than 10 s.
 */
final class AuthorsCall {
    private static final Duration LONGEST = Duration.ofSeconds(10);

    // Most code that hangs ends when its connection is gone or its thread is interrupted.
    private static final Duration LAST_WORDS = Duration.ofSeconds(1);

    private AuthorsCall() {}

    /**
     * Returns the answer, or throws what the author's code throws.
     *
     * @param connection the connection that the author's code is given; it is aborted when the time is over
     * @param asked what was asked, as it reads behind "its"
     * @throws InvalidDefinitionException if the author's code does not return even then; its thread is left behind
     */
    static <T> T answer(Connection connection, String asked, Jdbc.Transaction<T> question) throws SQLException {
        FutureTask<T> answer = new FutureTask<>(() -> question.run(connection));
        Thread thread = new Thread(answer, "bbm-author");
        thread.setDaemon(true);
        thread.start();
        try {
            return await(answer, LONGEST);
        } catch (TimeoutException e) {
            connection.abort(Runnable::run);
            thread.interrupt();
        }
        try {
            return await(answer, LAST_WORDS);
        } catch (TimeoutException e) {
            throw new InvalidDefinitionException(
                    FailureCode.UNKNOWN,
                    "its " + asked + " did not come back within " + LONGEST.toSeconds() + " s, and is still at "
                            + FailureText.place(thread.getStackTrace())
                                    .map(StackTraceElement::toString)
                                    .orElse("an unknown place")
                            + "; its thread is left behind: fix the work function, deploy it, and retry the migration");
        }
    }

    /**
     * Waits for an answer, and goes on waiting when it is interrupted. A statement of the plan could not be interrupted either, and whoever
     * stops this replica waits for the end of the plan.
     */
    private static <T> T await(FutureTask<T> answer, Duration atMost) throws SQLException, TimeoutException {
        long end = System.nanoTime() + atMost.toNanos();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return answer.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } catch (ExecutionException e) {
            throw thrown(e.getCause() == null ? e : e.getCause());
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static SQLException thrown(Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        if (cause instanceof RuntimeException unchecked) {
            throw unchecked;
        }
        if (cause instanceof SQLException sql) {
            return sql;
        }
        throw new UndeclaredThrowableException(cause);
    }
}
