package org.registrybbm.migrations.liquibase.base;

import liquibase.database.Database;
import liquibase.exception.ValidationErrors;
import liquibase.sql.Sql;
import liquibase.sqlgenerator.SqlGeneratorChain;
import liquibase.sqlgenerator.core.AbstractSqlGenerator;

/** Tells Liquibase that a {@link ProgramStatement} is no SQL. Liquibase wants a generator for each statement. */
public final class ProgramStatementGenerator extends AbstractSqlGenerator<ProgramStatement> {
    private static final Sql[] NONE = {};

    /** For Liquibase. */
    public ProgramStatementGenerator() {}

    @Override
    public ValidationErrors validate(
            ProgramStatement statement, Database database, SqlGeneratorChain<ProgramStatement> others) {
        return new ValidationErrors();
    }

    @Override
    public Sql[] generateSql(
            ProgramStatement statement, Database database, SqlGeneratorChain<ProgramStatement> others) {
        return NONE;
    }
}
