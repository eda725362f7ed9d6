package org.registrybbm.migrations.liquibase.base;

import liquibase.Scope;
import liquibase.statement.AbstractSqlStatement;
import liquibase.statement.ExecutablePreparedStatement;

/** A statement that is a program and no SQL. It is for a database only, so a change makes it where {@link BatchedMigrationChange#isLive}. */
public abstract class ProgramStatement extends AbstractSqlStatement implements ExecutablePreparedStatement {
    /** Tells the person who runs Liquibase, and the log, what goes on. */
    protected static void tell(String text) {
        Scope.getCurrentScope().getUI().sendMessage(text);
        Scope.getCurrentScope().getLog(ProgramStatement.class).info(text);
    }
}
