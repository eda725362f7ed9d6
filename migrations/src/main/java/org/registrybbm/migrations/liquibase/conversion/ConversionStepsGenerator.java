package org.registrybbm.migrations.liquibase.conversion;

import liquibase.database.Database;
import liquibase.exception.ValidationErrors;
import liquibase.sql.Sql;
import liquibase.sqlgenerator.SqlGeneratorChain;
import liquibase.sqlgenerator.core.AbstractSqlGenerator;

/** Tells Liquibase that {@link ConversionStepsStatement} is no SQL. Liquibase wants a generator for each kind of statement. */
public final class ConversionStepsGenerator extends AbstractSqlGenerator<ConversionStepsStatement> {
    private static final Sql[] NONE = {};

    /** For Liquibase. */
    public ConversionStepsGenerator() {}

    @Override
    public ValidationErrors validate(
            ConversionStepsStatement statement, Database database, SqlGeneratorChain<ConversionStepsStatement> others) {
        return new ValidationErrors();
    }

    @Override
    public Sql[] generateSql(
            ConversionStepsStatement statement, Database database, SqlGeneratorChain<ConversionStepsStatement> others) {
        return NONE;
    }
}
