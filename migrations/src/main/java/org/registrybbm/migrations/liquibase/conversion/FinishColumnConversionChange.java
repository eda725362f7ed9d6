package org.registrybbm.migrations.liquibase.conversion;

import liquibase.change.ChangeMetaData;
import liquibase.change.DatabaseChange;
import liquibase.database.Database;
import liquibase.statement.SqlStatement;

/**
 * {@code finishColumnConversion}: a gate on the batched migrations that fill the twins, and then everything until the columns have their wider
 * type: the database proves that the twins are equal, indexes and constraints are copied, columns and twins exchange their names. A rollback
 * undoes it.
 */
@DatabaseChange(
        name = "finishColumnConversion",
        description = "Widens a column once its twin is filled",
        priority = ChangeMetaData.PRIORITY_DEFAULT)
public final class FinishColumnConversionChange extends ConversionChange {
    /** For Liquibase, which sets the attributes afterwards. */
    public FinishColumnConversionChange() {
        super(nameAndSchema());
    }

    @Override
    Verb verb() {
        return Verb.FINISH;
    }

    @Override
    public SqlStatement[] generateStatements(Database database) {
        return new SqlStatement[] {steps(verb(), database)};
    }

    @Override
    public SqlStatement[] generateRollbackStatements(Database database) {
        return new SqlStatement[] {steps(Verb.UNDO, database)};
    }

    @Override
    public String getConfirmationMessage() {
        return "column conversion '" + name() + "' finished";
    }
}
