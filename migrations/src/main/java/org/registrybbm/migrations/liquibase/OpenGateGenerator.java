package org.registrybbm.migrations.liquibase;

import liquibase.database.Database;
import liquibase.exception.ValidationErrors;
import liquibase.sql.Sql;
import liquibase.sqlgenerator.SqlGeneratorChain;
import liquibase.sqlgenerator.core.AbstractSqlGenerator;

/** Tells Liquibase that {@link OpenGateStatement} is no SQL. Liquibase wants a generator for each kind of statement. */
public final class OpenGateGenerator extends AbstractSqlGenerator<OpenGateStatement> {
    private static final Sql[] NONE = {};

    /** For Liquibase. */
    public OpenGateGenerator() {}

    @Override
    public ValidationErrors validate(
            OpenGateStatement statement, Database database, SqlGeneratorChain<OpenGateStatement> others) {
        return new ValidationErrors();
    }

    @Override
    public Sql[] generateSql(
            OpenGateStatement statement, Database database, SqlGeneratorChain<OpenGateStatement> others) {
        return NONE;
    }
}
