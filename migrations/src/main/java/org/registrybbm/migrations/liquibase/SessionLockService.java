package org.registrybbm.migrations.liquibase;

import java.sql.SQLException;
import java.time.Duration;
import liquibase.GlobalConfiguration;
import liquibase.Scope;
import liquibase.changelog.ChangeLogHistoryServiceFactory;
import liquibase.database.Database;
import liquibase.database.core.PostgresDatabase;
import liquibase.exception.DatabaseException;
import liquibase.exception.LockException;
import liquibase.lockservice.StandardLockService;

/**
 * Liquibase's lock with a {@link SchemaLock} before it, for applications that run Liquibase themselves. A run that was killed is taken over
 * from at once, and whoever waits is told for whom.
 *
 * <p>It is used where the system property {@value #PROPERTY} is {@code true}. Liquibase creates its own tables before it asks for its lock,
 * so the first run on an empty database must still be alone.
 */
public final class SessionLockService extends StandardLockService {
    /** The system property that turns it on. */
    public static final String PROPERTY = "registrybbm.sessionLock";

    /** For Liquibase. */
    public SessionLockService() {}

    private static boolean isOn() {
        return Boolean.getBoolean(PROPERTY);
    }

    @Override
    public int getPriority() {
        return PRIORITY_DATABASE;
    }

    @Override
    public boolean supports(Database database) {
        return isOn() && database instanceof PostgresDatabase;
    }

    @Override
    public void waitForLock() throws LockException {
        Duration longest = Duration.ofMinutes(GlobalConfiguration.CHANGELOGLOCK_WAIT_TIME.getCurrentValue());
        if (!hasChangeLogLock) {
            try {
                SchemaLock.take(database, longest, line -> {
                    Scope.getCurrentScope().getUI().sendMessage(line);
                    Scope.getCurrentScope().getLog(SessionLockService.class).info(line);
                });
            } catch (DatabaseException e) {
                throw new LockException(e);
            }
        }
        super.waitForLock();
    }

    /** Marks the row as that of a run that holds the lock of the session, by which the next run knows that it may free it. */
    @Override
    public boolean acquireLock() throws LockException {
        if (!hasChangeLogLock) {
            try {
                database.rollback();
                init();
                hasChangeLogLock = SchemaLock.takeRow(database);
                database.commit();
            } catch (DatabaseException | SQLException e) {
                throw new LockException(e);
            }
            if (hasChangeLogLock) {
                // Whoever held the lock before may have run changesets.
                ChangeLogHistoryServiceFactory.getInstance().resetAll();
                database.setCanCacheLiquibaseTableInfo(true);
            }
        }
        return hasChangeLogLock;
    }

    @Override
    public void releaseLock() throws LockException {
        try {
            super.releaseLock();
        } finally {
            SchemaLock.release(database);
        }
    }

    /** Takes the lock from a run that is gone, and never from one that is at work. */
    @Override
    public void forceReleaseLock() throws LockException, DatabaseException {
        String holder = SchemaLock.holder(database).orElse("");
        if (!holder.isEmpty()) {
            throw new LockException("the schema is being changed by " + holder);
        }
        super.forceReleaseLock();
    }
}
